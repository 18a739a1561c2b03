import assert from "node:assert/strict";
import {
  type FailureDetails,
  type FlatUpdate,
  type MediaGroup,
  type Message,
  type ParkedBatch,
  type ReceivedUpdate,
  type ReceiverContext,
  type ReceiverResult,
  TelehookError,
  type Update,
  type Webhook,
  webhook,
  type WebhookOptions,
} from "../../mod.ts";
import { randomNumbers } from "../random_numbers.ts";

/** A message update of a chat; its id is the message's too. */
export function message(id: number, rest: Partial<Message> = {}): Update {
  return { update_id: id, message: { message_id: id, date: 0, chat: { id: 42, type: "private" }, ...rest } };
}

/** A part of an album. */
export function part(id: number, group: string, rest: Partial<Message> = {}): Update {
  return message(id, { media_group_id: group, ...rest });
}

/** What is parked. */
export async function parkedIn(hook: Webhook): Promise<ParkedBatch[]> {
  const parked: ParkedBatch[] = [];
  for await (const each of hook.parked()) parked.push(each);
  return parked;
}

/** The album in an update, of whatever kind. */
export function albumIn(update: ReceivedUpdate): MediaGroup | undefined {
  if ("message_media_group" in update) return update.message_media_group;
  if ("channel_post_media_group" in update) return update.channel_post_media_group;
  if ("business_message_media_group" in update) return update.business_message_media_group;
  return undefined;
}

/** What a receiver got, as short words: `5` for a message, `[1 2 3]` for an album, `late[4]` for a late one. */
export function word(update: ReceivedUpdate): string {
  const album = albumIn(update);
  if (album === undefined) return String(update.update_id);
  return `${album.late ? "late" : ""}[${album.messages.map(({ message_id }) => message_id).join(" ")}]`;
}

/** A list that a test can wait on instead of sleeping. */
export class Log {
  readonly words: string[] = [];
  readonly #waiting: { count: number; resolve: () => void }[] = [];

  add = (text: string): void => {
    this.words.push(text);
    for (const each of this.#waiting) if (this.words.length >= each.count) each.resolve();
  };

  /** Resolves once there are so many words. */
  has(count: number): Promise<void> {
    if (this.words.length >= count) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push({ count, resolve }));
  }
}

/** A promise that a test settles by hand. */
export function gate(): { readonly opened: Promise<void>; open(): void; break(error: unknown): void } {
  let open = () => {};
  let fail = (_: unknown) => {};
  const opened = new Promise<void>((resolve, reject) => {
    open = resolve;
    fail = reject;
  });
  opened.catch(() => {});
  return { opened, open: () => open(), break: (error) => fail(error) };
}

/** A delivery as Telegram makes it, as a `Request`. */
export function delivery(update: FlatUpdate | object): Request {
  const body = JSON.stringify(update);
  return new Request("http://localhost/", {
    method: "POST",
    headers: { "content-type": "application/json", "content-length": String(body.length) },
    body,
  });
}

/** Whole numbers from 0 up to `below`, which is excluded. They are the same for the same seed. */
export function random(seed: number): (below: number) => number {
  const next = randomNumbers(seed);
  return (below) => Math.floor(next() * below);
}

/** Fails if a promise has settled after everything that is under way without a timer. */
export async function assertPending(promise: Promise<unknown>): Promise<void> {
  const turn = new Promise((resolve) => setTimeout(resolve, 0, "pending"));
  assert.equal(await Promise.race([promise.then(() => "settled", () => "settled"), turn]), "pending");
}

interface Failure extends FailureDetails {
  readonly error: unknown;
}

/** A webhook that reads no secret, and what it has reported to `onError`. */
export function bot(
  receiver: (update: ReceivedUpdate, context: ReceiverContext) => ReceiverResult,
  options: Partial<WebhookOptions> = {},
): {
  readonly hook: Webhook;
  /** Delivers an update. @returns The status of the answer. */
  post(update: object): Promise<number>;
  readonly failures: Failure[];
} {
  const failures: Failure[] = [];
  const hook = webhook(receiver, {
    secretToken: null,
    onError: (error, details) => {
      // Said once of every store in memory: tests that are about it look for it themselves.
      if (!isParkingNote(error)) failures.push({ error, ...details });
    },
    onEvent: () => {},
    ...options,
  });
  const post = async (update: object) => (await hook(delivery(update))).status;
  return { hook, post, failures };
}

function isParkingNote(error: unknown): boolean {
  return error instanceof TelehookError && error.message.includes("(reported once)");
}

/** A message of a chat, for a separate lane. */
export function inChat(chat: number, id: number, rest: Partial<Message> = {}): Update {
  return message(id, { chat: { id: chat, type: "private" }, ...rest });
}

/** Lets everything happen that needs no time. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

/** The code of an error of telehook. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof TelehookError ? error.code : undefined;
}
