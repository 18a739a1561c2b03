import assert from "node:assert/strict";
import { setImmediate as afterEvents } from "node:timers/promises";
import type {
  MediaGroupUpdate,
  Message,
  ReceivedUpdate,
  ReceiverContext,
  Update,
  UpdateStreams,
} from "../../mod.ts";
import { mergeParts } from "../../src/delivery/media_group.ts";

/** A message in a private chat. */
export function messageUpdate(id: number, content: Partial<Message> = { text: `text ${id}` }): Update {
  return {
    update_id: id,
    message: { message_id: id, date: 1, chat: { id: 42, type: "private" }, ...content },
  };
}

/** A post in a channel. */
export function postUpdate(id: number, content: Partial<Message> = { text: `post ${id}` }): Update {
  return {
    update_id: id,
    channel_post: { message_id: id, date: 1, chat: { id: -7, type: "channel" }, ...content },
  };
}

/** The content of a photo message. */
export const PHOTO: Partial<Message> = {
  photo: [{ file_id: "f", file_unique_id: "u", width: 1, height: 1 }],
};

/** The content of a video message. */
export const VIDEO: Partial<Message> = {
  video: { file_id: "f", file_unique_id: "u", width: 1, height: 1, duration: 1 },
};

/** A part of an album, in a private chat. */
export function partUpdate(id: number, content: Partial<Message> = PHOTO): Update {
  return messageUpdate(id, { media_group_id: "13900000000000001", ...content });
}

/** An album of these parts, as the inbox merges it. */
export function albumOf(...parts: readonly Update[]): MediaGroupUpdate {
  return mergeParts(parts, false);
}

/** An update of a kind that no version of the types knows. */
export const UNKNOWN = {
  update_id: 9,
  brand_new_thing: { nested: { deep: [1, null, "é"] } },
} as unknown as Update;

/** A context as the inbox passes it. */
export function context(signal: AbortSignal = new AbortController().signal): ReceiverContext {
  return { attempt: 1, isReplay: false, signal, complete: () => Promise.reject(new Error("not here")) };
}

/** Brings messages with these ids, none of which has to wait. */
export function receive(streams: UpdateStreams, ...ids: readonly number[]): void {
  for (const id of ids) assert.equal(streams.receive(messageUpdate(id), context()), undefined);
}

/** The ids of updates. */
export function idsOf(updates: readonly ReceivedUpdate[]): number[] {
  return updates.map(({ update_id }) => update_id);
}

/** Whether a promise is settled once everything that is due has run. */
export async function isSettled(promise: Promise<unknown> | void): Promise<boolean> {
  let settled = false;
  const settle = () => settled = true;
  Promise.resolve(promise).then(settle, settle);
  await afterEvents();
  return settled;
}

/** What a stream has for whoever reads it to its end. */
export async function readAll<T>(stream: AsyncIterable<T>): Promise<T[]> {
  const read: T[] = [];
  for await (const each of stream) read.push(each);
  return read;
}
