/*
 * The bot of bench/outage.ts: its handlers need a database, which is away for a while. All its clocks and timers run
 * faster, as those of its sender do, whichever version of telehook it runs.
 *
 *     outage_bot.ts <mod.ts> <port> <times as fast> <journal>
 */
import { appendFileSync, existsSync } from "node:fs";
import process from "node:process";
import type * as Telehook from "../mod.ts";

const [module = "", port = "0", scale = "1", journal = ""] = process.argv.slice(2);
const speed = Number(scale);

const realNow = performance.now.bind(performance);
const [start, startOfTimer] = [Date.now(), realNow()];
const { setTimeout: realTimeout, setInterval: realInterval } = globalThis;
performance.now = () => realNow() * speed;
Date.now = () => start + (realNow() - startOfTimer) * speed;
globalThis.setTimeout = Object.assign(
  (run: () => void, ms = 0, ...args: []) => realTimeout(run, ms / speed, ...args),
  realTimeout,
);
globalThis.setInterval = ((run: () => void, ms = 0) => realInterval(run, ms / speed)) as typeof setInterval;

const { listen }: typeof Telehook = await import(module);
const server = await listen((update) => {
  if (existsSync(`${journal}.away`)) throw new Error("The database is away");
  appendFileSync(journal, `end run ${update.update_id}\n`);
}, {
  ...{ secretToken: null, hostname: "127.0.0.1", port: Number(port), path: "/" },
  onError: () => {},
  onEvent: () => {},
});
console.log(`listening on ${server.port}`);
