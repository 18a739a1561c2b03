/*
 * The bot of bench/soak.ts, made to be killed: a listener whose handlers throw, run past the limit and take their time.
 *
 *     soak_bot.ts <store> <place> <port> <journal> <secret> <run>
 *     soak_bot.ts <store> <place>       prints what is left in the store, once all leases have ended
 *
 * It writes to a journal, which all processes share, what it begins and what has ended, before anything else happens with
 * it: what is in the journal was written before a SIGKILL and so survives it.
 */
import { openSync, writeSync } from "node:fs";
import process from "node:process";
import { listen, type ReceivedUpdate, TelehookError } from "../mod.ts";
import { LEASE_MS, QUIET_MS, rowsLeft, soakStore } from "./soak_store.ts";

const [kind = "", place = "", port = "", journal = "", secretToken = "", run = ""] = process.argv.slice(2);
const ACKNOWLEDGE_WITHIN_MS = 100;
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

function partsOf(update: ReceivedUpdate): readonly { update_id: number }[] {
  return "message_media_group" in update ? update.message_media_group.updates : [update];
}

async function serve(): Promise<void> {
  const file = openSync(journal, "a"); // a line is written at once, and at the end, whoever writes beside
  const store = await soakStore(kind, place);
  const start = () =>
    listen(async (update, { signal }) => {
      const ids = partsOf(update).map((each) => each.update_id).join(" ");
      const note = (what: string) => writeSync(file, `${what} ${run} ${ids}\n`);
      note("begin");
      const chance = Math.random();
      if (chance < 0.002) await sleep(ACKNOWLEDGE_WITHIN_MS * 2);
      else if (chance < 0.3) await sleep(Math.random() * 5);
      if (signal.aborted) note("lost"); // another process may handle it
      if (chance > 0.98) {
        note("throw");
        throw new Error("on purpose");
      }
      note("end");
    }, {
      ...{ secretToken, hostname: "127.0.0.1", port: Number(port), path: "/soak" },
      ...(store === undefined ? {} : { store }),
      acknowledgeWithinMs: ACKNOWLEDGE_WITHIN_MS,
      mediaGroups: { quietMs: QUIET_MS, maxWaitMs: 60_000 },
      maxPending: 5_000,
      maxPendingChars: 2 ** 24,
      onError: () => {},
      onEvent: () => {},
      log: false,
    });
  for (;;) {
    try {
      return console.log(`listening on ${(await start()).port}`);
    } catch (error) {
      // The network or the server fails just now. Who runs a bot starts it again then.
      if (!(error instanceof TelehookError && error.code === "ERR_STORE")) throw error;
      await sleep(100);
    }
  }
}

async function count(): Promise<void> {
  const store = await soakStore(kind, place);
  if (store === undefined) throw new Error("The memory of a process ends with it");
  await store.open({ wake: () => {}, lost: () => {}, failed: console.error });
  if (kind !== "sqlite") await sleep(1.5 * LEASE_MS); // those that were killed are found, and forgotten
  const stats = await store.stats();
  await store.close();
  console.log(JSON.stringify({ ...stats, rows: await rowsLeft(kind, place) }));
  process.exit();
}

process.stdin.on("end", () => process.exit()).resume();
if (port === "") await count();
else await serve();
