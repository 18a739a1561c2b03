// A bot in a separate process, as `bot_process.ts` starts it. It writes what happens to a file that several may share.
import { openSync, writeSync } from "node:fs";
import process from "node:process";
import {
  type InboxOptions,
  listen,
  type ReceivedUpdate,
  type ReceiverContext,
  sqliteStore,
  type Update,
} from "../../mod.ts";
import type { BotTask } from "./bot_process.ts";

const task: BotTask = JSON.parse(process.env["TELEHOOK_TASK"] ?? "{}");
const journal = openSync(task.journal, "a");
const note = (what: string, ids: string) => void writeSync(journal, `${what} ${task.run} ${ids}\n`);

function idsIn(update: ReceivedUpdate): string {
  const parts = "message_media_group" in update ? update.message_media_group.updates : [update];
  return parts.map((each) => each.update_id).join(" ");
}

function textIn(update: ReceivedUpdate): string {
  return "message" in update ? update.message?.text ?? "" : "";
}

const pause = () => new Promise((resolve) => setTimeout(resolve, task.handlerMs));

async function handle(update: ReceivedUpdate, { attempt }: ReceiverContext): Promise<void> {
  note("begin", idsIn(update));
  const text = textIn(update);
  if (text === "poison, the first time slowly" && attempt === 1) await pause();
  if (text.startsWith("poison")) {
    process.kill(process.pid, "SIGKILL");
    await new Promise(() => {});
  }
  if (task.handlerMs > 0) await pause();
  if ("message_media_group" in update && update.message_media_group.late) note("late", idsIn(update));
  note("end", idsIn(update));
}

const byTopic: InboxOptions = {
  lane: (update: Update) => "message" in update ? update.message?.message_thread_id ?? 0 : update.update_id,
  acknowledge: "received",
};

const server = await listen(handle, {
  ...{ secretToken: null, hostname: "127.0.0.1", port: 0, path: "/", closeOnSignals: true },
  ...(task.isByTopic ? byTopic : {}),
  store: sqliteStore(task.database),
  maxAttempts: 2,
  onError: () => {},
  onEvent: (event) => {
    if (event.type === "parked") note("parked", idsIn(event.update));
  },
});
process.stdout.write(`{"port":${server.port}}\n`);
