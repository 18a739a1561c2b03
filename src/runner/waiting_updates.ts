import type { Update } from "../updates/mod.ts";
import type { Outcome } from "./outcome.ts";
import type { RunningCall } from "./running_calls.ts";

/** An update whose sender waits for an answer. */
export class WaitingUpdate {
  readonly update: Update;
  /** Its `update_id` as it came, even if a handler changes that. */
  readonly id: number;
  /** Its JSON as it came, and its size in characters, if they are known. */
  readonly json: string | undefined;
  readonly chars: number;
  /**
   * - `"receiver"`: the receiver runs, and no store has the update.
   * - `"storing"`: it is on its way into the store.
   * - `"store"`: the store has it, until its turn comes and its receiver has ended.
   * - `"settling"`: its receiver has ended, and the store is told.
   */
  place: "receiver" | "storing" | "store" | "settling";
  /** The call that it waits for, if that runs. */
  call: RunningCall | undefined = undefined;
  /** Whether the store is asked if it may be handled without being stored. */
  isAsking = false;
  /** While the store adopts it, to be acknowledged before its receiver has ended. */
  adopted: Promise<void> | undefined;
  /** When the store may be asked again to adopt it, since it has failed to. */
  adoptedAfter = 0;
  /** Whether its receiver was called. */
  isRunning = false;
  /** Whether its receiver has ended while the store adopts it: then the receiver's outcome is the answer. */
  hasEnded = false;
  /** Whether a sender waits: not while it was told to send the update again, and has not. */
  isAwaited = true;
  /** When the sender began to wait, on the clock of `performance.now()`. */
  since = 0;
  outcome!: Promise<Outcome>;
  answer!: (outcome: Outcome) => void;

  constructor(
    update: Update,
    id: number,
    json: string | undefined,
    chars: number,
    place: WaitingUpdate["place"],
  ) {
    this.update = update;
    this.id = id;
    this.json = json;
    this.chars = chars;
    this.place = place;
    this.wait();
  }

  /** Begins to wait; again, if the sender was told to send the update again while the receiver still runs. */
  wait(): void {
    this.since = performance.now();
    this.outcome = new Promise((resolve) => this.answer = resolve);
  }
}

/** How long Telegram's sender keeps its connections without an answer. Then it begins with a single one. */
const CONNECTIONS_KEPT_MS = 10_000;

/** The updates whose senders wait, in the order in which they began to. */
export class WaitingUpdates {
  readonly #byId = new Map<number, WaitingUpdate>();
  #inStore = 0;
  /** The most that waited at the same time lately: the sender has at least that many connections. */
  #peak = 0;
  #endedAt = -Infinity;
  #blockedAt: number | undefined;
  #unblockedAt = -Infinity;
  #blockedMs = 0;

  get size(): number {
    return this.#byId.size;
  }

  /** How many of them no store has. */
  get outsideStore(): number {
    return this.#byId.size - this.#inStore;
  }

  get(updateId: number): WaitingUpdate | undefined {
    return this.#byId.get(updateId);
  }

  values(): Iterable<WaitingUpdate> {
    return this.#byId.values();
  }

  /** Whether an update that this is true of may be about to be handled without being stored. */
  hasAsking(isMeant: (update: Update) => boolean): boolean {
    for (const { isAsking, update } of this.#byId.values()) if (isAsking && isMeant(update)) return true;
    return false;
  }

  begin(
    update: Update,
    json: string | undefined,
    chars: number | undefined,
    place: WaitingUpdate["place"],
    id: number = update.update_id,
  ): WaitingUpdate {
    const waiting = new WaitingUpdate(update, id, json, chars ?? 0, place);
    this.#add(waiting);
    return waiting;
  }

  /** The store has it now. */
  stored(waiting: WaitingUpdate): void {
    if (this.get(waiting.id) !== waiting) return;
    if (waiting.place !== "store") this.#inStore++;
    waiting.place = "store";
  }

  /** Answers its sender. */
  end(waiting: WaitingUpdate, outcome: Outcome): void {
    this.#remove(waiting);
    waiting.answer(outcome);
  }

  /** Answers its sender, which will send it again while the receiver still runs: it then waits from the beginning. */
  renew(waiting: WaitingUpdate, outcome: Outcome): void {
    waiting.answer(outcome);
    this.#remove(waiting);
    waiting.isAwaited = false;
    waiting.wait();
    this.#add(waiting);
  }

  /** Answers all that are left. @returns These. */
  close(outcomeOf: (id: number) => Outcome): readonly WaitingUpdate[] {
    const left = [...this.#byId.values()];
    for (const { answer, id } of left) answer(outcomeOf(id));
    this.#byId.clear();
    this.#inStore = 0;
    return left;
  }

  /**
   * For how many milliseconds of the last while the sender could probably not send, since each of its connections waited
   * for an answer: the quiet time of an album must not run out by what cannot be sent. How many connections there are is
   * not known; there are at least as many as ever waited at the same time.
   *
   * @param windowMs How long the last while is.
   */
  blockedMs(windowMs: number): number {
    const now = performance.now();
    if (this.#blockedAt !== undefined) return now - this.#blockedAt;
    return now - this.#unblockedAt < windowMs + this.#blockedMs ? this.#blockedMs : 0;
  }

  #add(waiting: WaitingUpdate): void {
    const { since } = waiting;
    if (this.#byId.size === 0 && since - this.#endedAt > CONNECTIONS_KEPT_MS) this.#peak = 0;
    this.#byId.set(waiting.id, waiting);
    if (this.#byId.size < this.#peak) return;
    this.#peak = this.#byId.size;
    this.#blockedAt = since;
  }

  #remove(waiting: WaitingUpdate): void {
    const { id, place } = waiting;
    if (this.#byId.get(id) !== waiting) return;
    this.#byId.delete(id);
    if (place === "store" || place === "settling") this.#inStore--;
    if (this.#byId.size === 0) this.#endedAt = performance.now();
    if (this.#blockedAt === undefined) return;
    const now = performance.now();
    this.#blockedMs = now - this.#blockedAt;
    this.#blockedAt = undefined;
    this.#unblockedAt = now;
  }
}
