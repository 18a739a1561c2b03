// A bot that polls in a process of its own, and ends it by SIGKILL at a step that `killed.test.ts` chooses.
import { openSync, writeFileSync, writeSync } from "node:fs";
import process from "node:process";
import { poll, type ReceivedUpdate, sqliteStore } from "../../mod.ts";
import { WrappedStore } from "../inbox/wrapped_store.ts";

/** What happens to a batch, in this order. */
export type Step =
  /** Telegram has answered with updates; nothing is stored. */
  | "fetched"
  /** An update is about to be stored. */
  | "storing"
  /** An update is stored. */
  | "stored"
  /** A handler begins. */
  | "begin"
  /** A handler has ended; the store does not know it. */
  | "end"
  /** The store knows it. */
  | "completed"
  /** A request that confirms updates is about to be sent. */
  | "confirming"
  /** Telegram has answered that request. */
  | "confirmed";

/** What the process is told. */
export interface PollTask {
  readonly token: string;
  readonly apiRoot: string;
  readonly database: string;
  readonly journal: string;
  readonly killAt: { readonly step: Step; readonly nth: number } | undefined;
}

const task: PollTask = JSON.parse(process.env["TELEHOOK_TASK"] ?? "{}");
const journal = openSync(task.journal, "a");
let left = task.killAt?.nth ?? 0;

async function reach(step: Step): Promise<void> {
  if (task.killAt?.step !== step || --left > 0) return;
  process.kill(process.pid, "SIGKILL");
  await new Promise(() => {});
}

function note(update: ReceivedUpdate): void {
  const isAlbum = "message_media_group" in update;
  const parts = isAlbum ? update.message_media_group.updates : [update];
  const isLate = isAlbum && update.message_media_group.late;
  writeSync(journal, `${isLate ? "late " : ""}${parts.map((each) => each.update_id).join(" ")}\n`);
}

let offset = 0;
const store = new WrappedStore({
  before: (call) => call === "add" ? reach("storing") : undefined,
  async after(call, result) {
    if (call === "add") await reach("stored");
    if (call === "complete") await reach("completed");
    return result;
  },
}, { isDurable: true, isShared: true, store: sqliteStore(task.database) });

const poller = await poll(async (update) => {
  await reach("begin");
  note(update);
  await reach("end");
}, {
  ...{ token: task.token, apiRoot: task.apiRoot, store, timeoutS: 1, maxAttempts: 50, onError: () => {} },
  async fetch(url, init) {
    if (!String(url).endsWith("/getUpdates")) return await fetch(url, init);
    const asked = Number(JSON.parse(String(init?.body ?? "{}")).offset ?? 0);
    const isConfirming = asked > offset;
    offset = asked;
    if (isConfirming) await reach("confirming");
    const response = await fetch(url, init);
    const text = await response.text();
    if (isConfirming) await reach("confirmed");
    if (text.includes('"update_id"')) await reach("fetched");
    return new Response(text, response);
  },
});
process.once("SIGTERM", () => void poller.close());
writeFileSync(`${task.journal}-${process.pid}`, "");
await poller.finished;
