import type { TelegramQueue } from "../store/store.ts";
import type { Unanswered } from "./unanswered.ts";

/** Unanswered updates that wait for their turn: behind others of their Telegram queue, or for a free call. */
export class WaitingLines {
  readonly #queues = new Map<TelegramQueue, Unanswered[]>();
  readonly #slots = new Set<Unanswered>();

  get areWaiting(): boolean {
    return this.#queues.size > 0;
  }

  get areEmpty(): boolean {
    return this.#queues.size === 0 && this.#slots.size === 0;
  }

  has(queue: TelegramQueue): boolean {
    return this.firstOf(queue) !== undefined;
  }

  queues(): TelegramQueue[] {
    return [...this.#queues.keys()];
  }

  joinQueue(queue: TelegramQueue, waiting: Unanswered): void {
    const line = this.#queues.get(queue);
    if (line === undefined) this.#queues.set(queue, [waiting]);
    else line.push(waiting);
  }

  /** The first that still waits; those that the store has now wait no more. */
  firstOf(queue: TelegramQueue): Unanswered | undefined {
    const line = this.#queues.get(queue);
    while (line?.[0]?.state === "stored") line.shift();
    if (line?.length === 0) this.#queues.delete(queue);
    return line?.[0];
  }

  /** Whether it was still the first, which it then is no more. */
  leaveQueue(queue: TelegramQueue, waiting: Unanswered): boolean {
    if (this.firstOf(queue) !== waiting) return false;
    this.#queues.get(queue)?.shift();
    this.firstOf(queue); // drops the line once it is empty
    return true;
  }

  joinSlots(waiting: Unanswered): void {
    this.#slots.add(waiting);
  }

  leaveSlots(): Unanswered | undefined {
    for (const waiting of this.#slots) {
      if (waiting.state === "storing") continue;
      this.#slots.delete(waiting);
      if (waiting.state === "waiting") return waiting;
    }
    return undefined;
  }
}
