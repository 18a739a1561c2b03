/*
 * What many bots on one host cost, idle and after their first updates:
 *
 *     node --import tsx bench/bot_host.ts [bots]
 */
import process from "node:process";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { machine } from "./machine.ts";
import { botHost, deriveSecretToken } from "../mod.ts";

const bots = Number(process.argv[2] ?? 10_000);
setFlagsFromString("--expose-gc");
const gc: () => void = runInNewContext("gc");

function memory(): number {
  gc();
  const { heapUsed, external, arrayBuffers } = process.memoryUsage();
  return heapUsed + external + arrayBuffers;
}

function report(what: string, bytes: number): void {
  console.log(
    `${what}: ${(bytes / bots).toFixed(0)} bytes a bot, ${(bytes / 2 ** 20).toFixed(1)} MiB in all`,
  );
}

console.log(`${machine()}\n`);
const host = botHost(() => {}, {});
const before = memory();
const since = performance.now();
for (let id = 1; id <= bots; id++) await host.add(`${id}:AA`);
console.log(`${bots} bots added in ${((performance.now() - since) / 1_000).toFixed(1)} s`);
report("idle", memory() - before);

const timers = process.getActiveResourcesInfo().filter((each) => each === "Timeout").length;
const cpu = process.cpuUsage();
await new Promise((resolve) => setTimeout(resolve, 5_000));
const { user, system } = process.cpuUsage(cpu);
console.log(`${timers} timers; ${((user + system) / 5_000 / 10).toFixed(2)} % of a core while idle`);

const secrets = new Map<number, string>();
for (let id = 1; id <= bots; id++) secrets.set(id, await deriveSecretToken(`${id}:AA`));
const withSecrets = memory();
for (let id = 1; id <= bots; id++) {
  const body = JSON.stringify({
    update_id: id,
    message: { message_id: 1, date: 1, chat: { id, type: "private" } },
  });
  const headers = { "x-telegram-bot-api-secret-token": secrets.get(id) ?? "" };
  const { status } = await host(new Request(`http://host/${id}`, { method: "POST", headers, body }));
  if (status !== 200) throw new Error(`answered ${status}`);
}
report("more after one update each", memory() - withSecrets);

const calm = memory();
for (let id = bots + 1; id <= bots + 100_000; id++) {
  await host(new Request(`http://host/${id}`, { method: "POST", body: "{}" }));
}
console.log(`100 000 unknown ids: ${((memory() - calm) / 2 ** 10).toFixed(0)} KiB more`);
await host.close();
