import type { AllowedKinds } from "./allowed_updates.ts";
import { BotApiRefusal } from "./refusal.ts";
import type { PendingUpdates } from "../pending_updates.ts";
import type { Clock } from "../clock.ts";
import type { Delivery } from "../delivery.ts";
import { integerOf, type Parameters } from "./parameters.ts";
import type { TestUpdate } from "../update_kinds.ts";

const MAX_TIMEOUT_S = 50;
/** A second poll with the same offset within this time waits, so that an idle bot does not spin. */
const SAME_OFFSET_MS = 3000;
/** Within this time it gets a single update, in case the bot cannot handle more. */
const REPEATED_MS = 500;
/** Why a poll ends when another instance of the bot polls. */
export const ANOTHER_POLL: string = "Conflict: terminated by other getUpdates request; " +
  "make sure that only one bot instance is running";
const WEBHOOK_IS_SET = "Conflict: can't use getUpdates method while webhook is active; " +
  "use deleteWebhook to delete the webhook first";

/** `getUpdates`: at most one poll waits at a time, and none while a webhook is set. */
export class LongPolling {
  #pending: PendingUpdates;
  #clock: Clock;
  #allowed: AllowedKinds;
  #hasWebhook: () => boolean;
  #waiting:
    | { limit: number; finish: (updates: TestUpdate[]) => void; refuse: (reason: string) => void }
    | undefined;
  #previous = { offset: Number.NaN, at: Number.NEGATIVE_INFINITY };
  #nextConflict = Number.NEGATIVE_INFINITY;
  #delayed = new Set<() => void>();

  /** @param hasWebhook Whether a webhook is set. */
  constructor(pending: PendingUpdates, clock: Clock, allowed: AllowedKinds, hasWebhook: () => boolean) {
    this.#pending = pending;
    this.#clock = clock;
    this.#allowed = allowed;
    this.#hasWebhook = hasWebhook;
  }

  /** Whether a poll waits for updates. */
  get isWaiting(): boolean {
    return this.#waiting !== undefined;
  }

  /** Answers a `getUpdates`. */
  async poll(parameters: Parameters): Promise<TestUpdate[]> {
    if (this.#hasWebhook()) throw await this.#conflict(WEBHOOK_IS_SET);
    const offset = integerOf(parameters.offset, 0, -(2 ** 31), 2 ** 31 - 1);
    let limit = integerOf(parameters.limit, 100, 1, 100);
    let timeout = integerOf(parameters.timeout, 0, 0, MAX_TIMEOUT_S);
    this.#allowed.update(parameters.allowed_updates);

    const now = this.#clock.now();
    const sinceSame = offset === this.#previous.offset ? now - this.#previous.at : Number.POSITIVE_INFINITY;
    if (sinceSame < SAME_OFFSET_MS) timeout = Math.max(timeout, 3);
    if (sinceSame < REPEATED_MS) limit = 1;
    this.#previous = { offset, at: now };

    if (offset < 0) this.#pending.clear(-offset);
    if (offset > 0) this.#pending.confirmBelow(offset);
    const updates = this.#take(limit);
    if (updates.length > 0 || timeout === 0) return updates;
    this.abort(ANOTHER_POLL);
    return await this.#wait(limit, timeout * 1000);
  }

  /** There is a new update. */
  wake(): void {
    // What is delivered in one go goes out in one answer.
    queueMicrotask(() => {
      const waiting = this.#waiting;
      const updates = waiting ? this.#take(waiting.limit) : [];
      if (updates.length > 0) waiting?.finish(updates);
    });
  }

  /** Ends a waiting poll with 409. */
  abort(reason: string): void {
    this.#waiting?.refuse(reason);
  }

  /** Ends everything that waits. */
  close(): void {
    this.#waiting?.finish([]);
    for (const finish of [...this.#delayed]) finish();
  }

  #take(limit: number): TestUpdate[] {
    return this.#pending.oldest(limit).map(({ json }: Delivery) => JSON.parse(json));
  }

  #wait(limit: number, ms: number): Promise<TestUpdate[]> {
    return new Promise((resolve, reject) => {
      const stopTimer = this.#clock.after(ms, () => finish([]));
      const end = () => {
        stopTimer();
        this.#waiting = undefined;
      };
      const finish = (updates: TestUpdate[]) => {
        end();
        resolve(updates);
      };
      const refuse = (reason: string) => {
        end();
        this.#conflict(reason).then(reject);
      };
      this.#waiting = { limit, finish, refuse };
    });
  }

  /** The first conflict is reported immediately; another one within three seconds is reported three seconds later. */
  async #conflict(reason: string): Promise<BotApiRefusal> {
    const now = this.#clock.now();
    if (now >= this.#nextConflict) this.#nextConflict = now + 3000;
    else {
      await new Promise<void>((resolve) => {
        const finish = () => {
          stopTimer();
          this.#delayed.delete(finish);
          resolve();
        };
        const stopTimer = this.#clock.after(3000, finish);
        this.#delayed.add(finish);
      });
    }
    return new BotApiRefusal(409, reason);
  }
}
