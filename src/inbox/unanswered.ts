import type { CallContext } from "../receiver/call_context.ts";
import type { Update } from "../updates/mod.ts";
import type { Outcome } from "./outcome.ts";
import type { Batch, TelegramQueue } from "../store/store.ts";

/** An update whose bringer still waits for its outcome. */
export class Unanswered {
  readonly update: Update;
  readonly size: number;
  readonly context: CallContext;
  /** When its bringer began to wait, on the clock of `performance.now()`. */
  since = 0;
  /** When its receiver was called, if anybody watches. */
  began = 0;
  /** Its Telegram queue, if it had to wait for others of it. */
  queue: TelegramQueue | undefined;
  /** It waits for its turn, its receiver runs, that has ended while the store was asked, or the store has it now. */
  state: "waiting" | "running" | "ended" | "storing" | "stored" = "waiting";
  /** While it is being acknowledged before its receiver is done: the batch that it becomes, if the store takes it. */
  held: Promise<Batch | undefined> | undefined;
  /** Whether there is a bringer: not while it was told to come again, and has not. */
  isAwaited = true;
  outcome!: Promise<Outcome>;
  answer!: (outcome: Outcome) => void;

  constructor(update: Update, size: number, context: CallContext) {
    this.update = update;
    this.size = size;
    this.context = context;
    this.wait();
  }

  /** Whether the store has been asked to take it, so that asking again would be too much. */
  get isBeingStored(): boolean {
    return this.held !== undefined || (this.state !== "waiting" && this.state !== "running");
  }

  /** Another who brings it waits too. */
  join(): Promise<Outcome> {
    this.isAwaited = true;
    return this.outcome;
  }

  /** Begins to wait, again if the bringer was told to come again while the receiver still runs. */
  wait(): void {
    this.since = performance.now();
    this.outcome = new Promise((resolve) => {
      this.answer = resolve;
    });
  }
}
