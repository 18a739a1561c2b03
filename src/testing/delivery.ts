import type { HttpAnswer } from "./http_answer.ts";
import { expiryOf } from "./lifetime.ts";
import { queueOf } from "./queue_of.ts";
import { type TestUpdate, updateKindOf } from "./update_kinds.ts";
import { updateJson } from "./webhook_request.ts";

/** One attempt to deliver an update to the webhook. */
export interface Attempt {
  /** 1 for the first. */
  readonly number: number;
  /** Which connection it went over; 1 is the first that the webhook saw. */
  readonly connection: number;
  /** The bytes that were sent. */
  readonly request: Uint8Array;
  /** When, in milliseconds on the test server's clock. */
  readonly sentAt: number;
  /** When it was over. */
  readonly endedAt: number;
  /** The answer, if one arrived. */
  readonly answer?: HttpAnswer;
  /** Why it does not count as delivered. */
  readonly error?: string;
}

/**
 * What became of an update.
 *
 * - `"acknowledged"`: the webhook answered 2xx.
 * - `"polled"`: `getUpdates` was called with a higher offset.
 * - `"expired"`: Telegram gave up on it.
 * - `"not allowed"`: `allowed_updates` leaves its kind out.
 * - `"too big"`: it is over 512 KiB or too many wait already.
 * - `"dropped"`: `drop_pending_updates` removed it, or the test server was closed.
 */
export type DeliveryOutcome = "acknowledged" | "polled" | "expired" | "not allowed" | "too big" | "dropped";

/** The end of an update's way. */
export interface Delivered {
  /** The update. */
  update: TestUpdate;
  /** What became of it. */
  outcome: DeliveryOutcome;
  /** Every try, the last one last. */
  attempts: readonly Attempt[];
  /** The status of the last answer, or 0 without any. */
  status: number;
  /** The headers of the last answer, by lower-case name. */
  headers: ReadonlyMap<string, string>;
  /** The body of the last answer. */
  body: string;
}

/**
 * For how long a test may wait, in real milliseconds, and why nothing will arrive; `undefined` if that is not known.
 */
type PatienceSource = () => { waitMs: number; look: () => string | undefined } | undefined;

/**
 * An update on its way. Await it to learn how it ended, or one {@link Delivery.attempt} to see a try fail before the
 * next is made.
 */
export class Delivery implements PromiseLike<Delivered> {
  /** The update. */
  readonly update: TestUpdate;
  /** What the webhook is sent: the update as it was when it happened, the same for every try. */
  readonly json: string;
  /** The name of its kind, such as `"message"`. */
  readonly kind: string;
  /** The Telegram queue that it waits in, such as `"message of chat 111"`. */
  readonly queue: string;
  /** The id of that queue, which two queues with different names may share. */
  readonly queueId: bigint;
  /** When Telegram gives up on it, in milliseconds on the test server's clock. */
  readonly expiresAt: number;

  #attempts: Attempt[] = [];
  #outcome: DeliveryOutcome | undefined;
  #watchers = new Set<() => void>();

  #patience: PatienceSource;

  /** The test server makes these: see `deliver`. */
  constructor(update: TestUpdate, now: number, patience: PatienceSource = () => undefined) {
    this.#patience = patience;
    this.update = update;
    this.json = updateJson(update);
    this.kind = updateKindOf(update);
    const queue = queueOf(update);
    this.queue = queue.name;
    this.queueId = queue.id;
    this.expiresAt = expiryOf(update, now);
  }

  /** Every try so far. */
  get attempts(): readonly Attempt[] {
    return this.#attempts;
  }

  /** What became of it; undefined while it is on its way. */
  get outcome(): DeliveryOutcome | undefined {
    return this.#outcome;
  }

  /** Resolves when that try, counted from 1, is over. */
  attempt(number: number): Promise<Attempt> {
    return this.#when(() => this.#attempts[number - 1]);
  }

  /** Resolves when the update was acknowledged, or will never be. */
  then<A = Delivered, B = never>(
    onEnd?: ((delivered: Delivered) => A | PromiseLike<A>) | null,
    onError?: ((error: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return this.#when(() => this.#delivered()).then(onEnd, onError);
  }

  /** Notes a try; the test server calls this. */
  record(attempt: Attempt): void {
    this.#attempts.push(attempt);
    this.#tell();
  }

  /** Notes the end; the test server calls this. */
  end(outcome: DeliveryOutcome): void {
    this.#outcome ??= outcome;
    this.#tell();
  }

  #delivered(): Delivered | undefined {
    if (!this.#outcome) return undefined;
    const answer = this.#attempts.at(-1)?.answer;
    return {
      update: this.update,
      outcome: this.#outcome,
      attempts: this.#attempts,
      status: answer?.status ?? 0,
      headers: answer?.headers ?? new Map(),
      body: answer?.body ?? "",
    };
  }

  #when<T>(look: () => T | undefined): Promise<T> {
    return new Promise((resolve, reject) => {
      let timer: ReturnType<typeof setTimeout> | undefined;
      const end = () => {
        clearTimeout(timer);
        this.#watchers.delete(check);
      };
      const check = () => {
        const value = look();
        if (value !== undefined) {
          end();
          resolve(value);
        } else if (this.#outcome) end();
      };
      this.#watchers.add(check);
      check();
      const patience = this.#watchers.has(check) ? this.#patience() : undefined;
      if (!patience) return;
      const giveUp = () => {
        const reason = patience.look();
        if (reason === undefined) return void (timer = setTimeout(giveUp, patience.waitMs));
        end();
        const { update: { update_id }, kind, attempts: { length } } = this;
        const tries = length === 1 ? "1 try" : `${length} tries`;
        reject(new Error(`The update ${update_id} (${kind}) is not answered after ${tries}: ${reason}`));
      };
      timer = setTimeout(giveUp, patience.waitMs);
    });
  }

  #tell(): void {
    for (const watcher of [...this.#watchers]) watcher();
  }
}
