import type { Delivered, Delivery } from "../delivery.ts";
import type { TestMessage } from "./objects.ts";

/** A message on its way to the bot. Await it to learn how the update was answered. */
export class Sent implements PromiseLike<Delivered> {
  /** The message. */
  readonly message: TestMessage;
  /** The update on its way. */
  readonly delivery: Delivery;

  /** The scripted conversation makes these. */
  constructor(message: TestMessage, delivery: Delivery) {
    this.message = message;
    this.delivery = delivery;
  }

  /** Resolves when the update was acknowledged, or will never be. */
  then<A = Delivered, B = never>(
    onEnd?: ((delivered: Delivered) => A | PromiseLike<A>) | null,
    onError?: ((error: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return this.delivery.then(onEnd, onError);
  }
}

/** An album on its way to the bot. Await it to learn how each part was answered. */
export class SentAlbum implements PromiseLike<Delivered[]> {
  /** Its id, as each part has it. */
  readonly mediaGroupId: string;
  /** The parts, each on its way. */
  readonly parts: readonly Sent[];

  /** The scripted conversation makes these. */
  constructor(mediaGroupId: string, parts: readonly Sent[]) {
    this.mediaGroupId = mediaGroupId;
    this.parts = parts;
  }

  /** The messages that it consists of. */
  get messages(): TestMessage[] {
    return this.parts.map(({ message }) => message);
  }

  /** Resolves when every part was acknowledged, or will never be. */
  then<A = Delivered[], B = never>(
    onEnd?: ((delivered: Delivered[]) => A | PromiseLike<A>) | null,
    onError?: ((error: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return Promise.all(this.parts).then(onEnd, onError);
  }
}
