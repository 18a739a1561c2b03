import { Fifo } from "../collections/fifo.ts";
import type { ReceiverContext } from "../receiver/receiver.ts";
import { ReceiverClosed } from "../receiver/verdicts.ts";

/**
 * What happens to an update when the buffer of a subscriber is full: its delivery waits for room, the oldest update in the
 * buffer is dropped, or the update itself is dropped.
 */
export type Overflow = "suspend" | "dropOldest" | "dropNewest";

/**
 * The updates of one subscriber, for `for await` and `ReadableStream.from`. Leaving the loop, by `break`, `return` or an
 * error, ends the subscription. Several loops over one stream share its updates: subscribe again for a copy. With
 * `bufferSize: 0`, each of them acknowledges its own update when it asks for the next one; if one is left in the middle of
 * an update, neither that nor what others are handling or what still waits is acknowledged, so that these are handled
 * again.
 *
 * @example
 * ```ts
 * import { updateStreams } from "@telehook/telehook";
 *
 * const streams = updateStreams({ bufferSize: 1000, overflow: "dropOldest" });
 * const stream = streams.on("message:text");
 * const texts = (async () => {
 *   for await (const { message } of stream) console.log(message.text);
 *   console.log(`${stream.dropped} were dropped`);
 * })();
 * streams.close();
 * await texts;
 * ```
 */
export interface UpdateStream<T> extends AsyncIterableIterator<T> {
  /** How many updates were dropped because the buffer was full. Always 0 with `"suspend"`. */
  readonly dropped: number;
  /**
   * Ends the subscription, as leaving the loop does. What is in the buffer is dropped; what waits for room is refused, and
   * Telegram sends it again.
   */
  return(): Promise<IteratorReturnResult<undefined>>;
}

/** A delivery that waits for a subscriber. */
interface Held {
  readonly release: () => void;
  readonly refuse: (reason: unknown) => void;
}

const DONE: IteratorReturnResult<undefined> = { done: true, value: undefined };

/** The buffer of one subscriber, between the deliveries and the loop. */
export class BufferedStream<T extends object> implements UpdateStream<T> {
  dropped = 0;
  readonly #size: number;
  readonly #overflow: Overflow;
  readonly #onEnd: (stream: BufferedStream<T>) => void;
  readonly #signal: AbortSignal | undefined;
  /** At most `#size` updates, and behind them one for each delivery in `#held`. */
  readonly #buffer = new Fifo<T>();
  #held: Held[] = [];
  /** Without a buffer: the deliveries of the updates that each loop is handling. The first is whoever calls `next` here. */
  readonly #loops: Held[][] = [[]];
  #readers: { readonly loop: Held[]; readonly resolve: (result: IteratorResult<T, undefined>) => void }[] =
    [];
  #open = true;

  constructor(
    size: number,
    overflow: Overflow,
    onEnd: (stream: BufferedStream<T>) => void,
    signal: AbortSignal | undefined,
  ) {
    this.#size = size;
    this.#overflow = overflow;
    this.#onEnd = onEnd;
    this.#signal = signal;
    if (signal?.aborted) this.#end();
    else signal?.addEventListener("abort", this.#end);
  }

  /** Whether it still accepts updates. */
  get isOpen(): boolean {
    return this.#open;
  }

  /**
   * Takes an update.
   *
   * @returns Nothing, or a promise that resolves when there is room.
   */
  push(update: T, context: ReceiverContext): Promise<void> | undefined {
    if (!this.#open) return undefined;
    const suspends = this.#overflow === "suspend";
    const reader = this.#readers.shift();
    if (reader !== undefined) {
      reader.resolve({ done: false, value: update });
      return suspends && this.#size === 0 ? this.#hold(reader.loop, context.signal) : undefined;
    }
    if (this.#buffer.length < this.#size) {
      this.#buffer.push(update);
    } else if (suspends) {
      this.#buffer.push(update);
      return this.#hold(this.#held, context.signal);
    } else {
      this.dropped++;
      if (this.#overflow === "dropNewest" || this.#size === 0) return undefined;
      this.#buffer.shift();
      this.#buffer.push(update);
    }
    return undefined;
  }

  next(): Promise<IteratorResult<T, undefined>> {
    return this.#next(this.#loops[0] ?? []);
  }

  #next(loop: Held[]): Promise<IteratorResult<T, undefined>> {
    loop.shift()?.release();
    const update = this.#buffer.shift();
    if (update !== undefined) {
      const held = this.#held.shift();
      if (this.#size > 0) held?.release();
      else if (held !== undefined) loop.push(held);
      return Promise.resolve({ done: false, value: update });
    }
    if (!this.#open) return Promise.resolve(DONE);
    return new Promise((resolve) => this.#readers.push({ loop, resolve }));
  }

  return(): Promise<IteratorReturnResult<undefined>> {
    this.#end();
    return Promise.resolve(DONE);
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<T, undefined> {
    const loop = this.#loops[0]?.splice(0) ?? []; // a loop goes on with what `next` returned before
    this.#loops.push(loop);
    const iterator: AsyncIterableIterator<T, undefined> = {
      next: () => this.#next(loop),
      return: () => this.return(),
      [Symbol.asyncIterator]: () => iterator,
    };
    return iterator;
  }

  /** Accepts no more updates. Acknowledged updates can still be read; Telegram sends the others again. */
  close(): void {
    for (const held of [...this.#held]) {
      held.refuse(unread());
    }
    this.#stop();
  }

  readonly #end = (): void => {
    // A loop that throws is left in the same way as one that breaks. So nothing is acknowledged that it has not read, or,
    // without a buffer, not asked past.
    for (const held of [...this.#loops.flat(), ...this.#held]) {
      held.refuse(new ReceiverClosed("The loop was left before it had handled this update"));
    }
    this.#buffer.clear();
    this.#stop();
  };

  #stop(): void {
    this.#open = false;
    this.#signal?.removeEventListener("abort", this.#end);
    for (const { resolve } of this.#readers) resolve(DONE);
    this.#readers = [];
    this.#onEnd(this);
  }

  /** Holds a delivery until it is released or refused, or it is no longer awaited. */
  #hold(list: Held[], signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const held: Held = {
        release: () => {
          signal.removeEventListener("abort", onAbort);
          resolve();
        },
        refuse: (reason) => {
          signal.removeEventListener("abort", onAbort);
          this.#forget(held);
          reject(reason);
        },
      };
      const onAbort = () => {
        // As the process closes, only what is read has begun.
        const hasNotBegun = signal.reason instanceof ReceiverClosed && this.#held.includes(held);
        held.refuse(hasNotBegun ? unread() : signal.reason);
      };
      list.push(held);
      signal.addEventListener("abort", onAbort);
      if (signal.aborted) onAbort();
    });
  }

  #forget(held: Held): void {
    const index = this.#held.indexOf(held);
    if (index !== -1) {
      this.#held.splice(index, 1);
      this.#buffer.remove(this.#size + index);
    }
    for (const loop of this.#loops) {
      const place = loop.indexOf(held);
      if (place !== -1) loop.splice(place, 1);
    }
  }
}

function unread(): ReceiverClosed {
  return new ReceiverClosed("The streams were closed before this update was read");
}
