import type { ReceivedUpdate } from "../receiver/receiver.ts";
import type { FlatUpdate } from "../updates/mod.ts";

/**
 * Whether an update is a message that begins with one of these commands, as Telegram marks them: `/stop`, `/stop now`, and
 * `/stop@some_bot` in groups. In a caption, a command counts as well.
 *
 * @param update The update, merged or not.
 * @param names The commands without their slash. None means any command. Upper and lower case are the same.
 * @see https://core.telegram.org/bots/features#commands
 *
 * @example `/stop` overtakes a turn that runs, and aborts it
 * ```ts
 * import { isCommand, updateHandlers, webhook } from "@telehook/telehook";
 *
 * const turns = new Map<number, AbortController>();
 * const bot = updateHandlers({
 *   async message({ message }) {
 *     if (message.text === "/stop") return turns.get(message.chat.id)?.abort();
 *     const turn = new AbortController();
 *     turns.set(message.chat.id, turn);
 *     await fetch("data:,a long answer", { signal: turn.signal });
 *   },
 * });
 * const hook = webhook(bot, {
 *   secretToken: "a-long-random-secret",
 *   lane: (update) => isCommand(update, "stop") ? null : "message" in update ? update.message.chat.id : null,
 *   acknowledge: "received", // or Telegram would not send /stop before the turn has ended
 * });
 * await hook.close();
 * ```
 */
export function isCommand(update: ReceivedUpdate, ...names: readonly string[]): boolean {
  const { message, channel_post, business_message }: FlatUpdate = update;
  const content = message ?? channel_post ?? business_message;
  const text = content?.text ?? content?.caption;
  const entities = content?.entities ?? content?.caption_entities;
  if (typeof text !== "string" || !Array.isArray(entities)) return false;
  const first = entities.find(({ type, offset }) => type === "bot_command" && offset === 0);
  if (first === undefined) return false;
  const [command = ""] = text.slice(1, first.length).toLowerCase().split("@");
  return names.length === 0 || names.some((name) => name.toLowerCase() === command);
}
