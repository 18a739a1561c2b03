/*
 * What an outage costs: the database that a bot's handlers need is away for five minutes, in which 30 chats each write a
 * message every ten seconds. Sender and bot live 50 times as fast. Version 1 is taken from the repository's history.
 *
 *     node --import tsx bench/outage.ts [--minutes 5] [--speed 50] [--before e72dc88]
 */
import assert from "node:assert/strict";
import process from "node:process";
import { parseArgs } from "node:util";
import { machine, table } from "./machine.ts";
import { checkOut, HERE, outage } from "./outage_run.ts";

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "5" },
    speed: { type: "string", default: "50" },
    before: { type: "string", default: "e72dc88" },
  },
});
const options = { awayMs: Number(values.minutes) * 60_000, speed: Number(values.speed) };
console.log(`${machine()}\n\nA database that is away for ${values.minutes} minutes, 30 chats\n`);
const old = checkOut(values.before);
try {
  const before = await outage(HERE, { ...options, module: old.module });
  const now = await outage(HERE, options);
  const row = (
    title: string,
    of: (each: typeof now) => number | string,
  ) => [title, String(of(before)), String(of(now))];
  console.log(table([
    ["", "version 1", "now"],
    row("updates", ({ updates }) => updates),
    row("**updates lost**", ({ lost }) => lost),
    row("out of order within a chat", ({ outOfOrder }) => outOfOrder),
    row("deliveries for each update", ({ deliveries }) => deliveries.toFixed(1)),
    row("seconds until all was handled afterwards", ({ recoveredMs }) => (recoveredMs / 1_000).toFixed(0)),
  ]));
  assert.deepEqual([now.lost, now.outOfOrder], [0, 0]);
} finally {
  old.remove();
}
process.exit(0);
