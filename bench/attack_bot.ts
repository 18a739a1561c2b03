/*
 * The bot of bench/attack.ts: `attack_bot.ts <journal> <run> [<file of the store>] [<lease in ms>]`. An update's text may
 * ask for something: `sleep <ms>`, `jump <ms>` (the wall clock is set on or back), `report` (the answer tells the longest time
 * for which the event loop stood still since the last report, the memory, and how many failures of the store were reported).
 */
import { openSync, writeSync } from "node:fs";
import process from "node:process";
import { listen, type ReceivedUpdate, sqliteStore } from "../mod.ts";

const [journal = "", run = "", file = "", leaseMs = "30000"] = process.argv.slice(2);
const descriptor = openSync(journal, "a");
const note = (what: string, ids: string) => void writeSync(descriptor, `${what} ${run} ${ids}\n`);

let longestMs = 0;
let reports = 0;
let last = performance.now();
setInterval(() => {
  const now = performance.now();
  longestMs = Math.max(longestMs, now - last - 5);
  last = now;
}, 5);

const server = await listen(async (update: ReceivedUpdate) => {
  const parts = "message_media_group" in update ? update.message_media_group.updates : [update];
  const text = "message" in update ? update.message?.text ?? "" : "";
  const [word, amount] = text.split(" ");
  if (word === "report") {
    const report = { longestMs, reports, rss: process.memoryUsage().rss };
    longestMs = 0;
    return { method: "sendMessage" as const, chat_id: 1, text: JSON.stringify(report) };
  }
  const ids = parts.map((each) => each.update_id).join(" ");
  note("begin", ids);
  if (word === "sleep") await new Promise((resolve) => setTimeout(resolve, Number(amount)));
  if (word === "jump") {
    const now = Date.now.bind(Date);
    Date.now = () => now() + Number(amount);
  }
  note("end", ids);
  return undefined;
}, {
  ...{
    secretToken: null,
    hostname: "127.0.0.1",
    port: 0,
    path: "/",
    closeOnSignals: true,
    acknowledgeWithinMs: 300,
  },
  ...(file === "" ? {} : { store: sqliteStore(file, { leaseMs: Number(leaseMs) }) }),
  onError: () => void reports++,
  onEvent: ({ type }) => {
    if (type === "store") reports++;
  },
});
process.stdout.write(`{"port":${server.port}}\n`);
