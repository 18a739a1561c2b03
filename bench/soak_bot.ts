/*
 * The bot of bench/soak.ts, made to be killed: a listener with a sqliteStore whose handlers throw, hang past the limit and
 * take their time. Writes to a journal what it begins and what it has done, before anything else happens with it; what is
 * in the journal was written before a SIGKILL and so survives it.
 */
import { openSync, writeSync } from "node:fs";
import { listen, type ReceivedUpdate, sqliteStore } from "../mod.ts";

const [port = "0", database = "", journal = "", secretToken = ""] = globalThis.process.argv.slice(2);
const ACKNOWLEDGE_WITHIN_MS = 100;
const file = openSync(journal, "a");
const note = (what: string, ids: readonly number[]) => writeSync(file, `${what} ${ids.join(" ")}\n`);
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

function idsIn(update: ReceivedUpdate): number[] {
  return "message_media_group" in update
    ? update.message_media_group.updates.map((each) => each.update_id)
    : [update.update_id];
}

const server = await listen(async (update) => {
  const ids = idsIn(update);
  note("began", ids);
  const chance = Math.random();
  if (chance < 0.02) {
    note("threw", ids);
    throw new Error("on purpose");
  }
  if (chance < 0.022) await sleep(ACKNOWLEDGE_WITHIN_MS * 2);
  else if (chance < 0.3) await sleep(Math.random() * 5);
  note("done", ids);
}, {
  secretToken,
  hostname: "127.0.0.1",
  port: Number(port),
  path: "/soak",
  store: sqliteStore(database),
  acknowledgeWithinMs: ACKNOWLEDGE_WITHIN_MS,
  onError: () => {},
});
console.log(`listening on ${server.port}`);
