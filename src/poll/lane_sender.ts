import type { TimeLimit } from "../inbox/closing.ts";
import type { Inbox } from "../inbox/inbox.ts";
import type { LaneOf } from "../inbox/lane.ts";
import { anySignal } from "../platform/any_signal.ts";
import { pause } from "../platform/pause.ts";
import type { WebhookReply } from "../receiver/webhook_reply.ts";
import type { LateReplies } from "../replies/late_replies.ts";
import type { Outcome } from "../runner/outcome.ts";
import type { ReportError } from "../runner/report_error.ts";
import type { Lane } from "../store/inbox_store.ts";
import type { Update } from "../updates/mod.ts";

const FIRST_RETRY_MS = 1_000;
const LONGEST_RETRY_MS = 60_000;
/** Too many updates are pending; or the receiver alone is closed, as streams can be: closing the poller ends the wait. */
const REFUSED_RETRY_MS = 1_000;

/**
 * Passes updates to an inbox as Telegram's sender does: within a lane, the next one only after the one before it was
 * acknowledged, and again what was not.
 */
export class LaneSender {
  readonly #inbox: Inbox;
  readonly #laneOf: LaneOf;
  readonly #replies: LateReplies;
  readonly #reportError: ReportError;
  readonly #onAcknowledged: (updateId: number) => void;
  readonly #lanes = new Map<Lane, Update[]>();
  readonly #working = new Set<Promise<void>>();
  readonly #stopped = new AbortController();

  /** @param onAcknowledged Called with each update that the inbox has acknowledged. */
  constructor(
    inbox: Inbox,
    laneOf: LaneOf,
    replies: LateReplies,
    reportError: ReportError,
    onAcknowledged: (updateId: number) => void,
  ) {
    this.#inbox = inbox;
    this.#laneOf = laneOf;
    this.#replies = replies;
    this.#reportError = reportError;
    this.#onAcknowledged = onAcknowledged;
  }

  send(update: Update): void {
    const lane = this.#laneOf(update);
    const waiting = this.#lanes.get(lane);
    if (waiting !== undefined) waiting.push(update);
    else {
      const updates = [update];
      this.#lanes.set(lane, updates);
      const working = this.#work(lane, updates).finally(() => this.#working.delete(working));
      this.#working.add(working);
    }
  }

  /** Stops passing updates. Those that are left stay in Telegram's queue. */
  stop(): void {
    this.#stopped.abort();
  }

  /** Waits until the replies have arrived, for as long as the limit says; then ends them. After {@link stop}. */
  async close(limit: TimeLimit, reason: Error): Promise<void> {
    await Promise.race([Promise.all(this.#working), limit.over]);
    this.#replies.close(reason);
  }

  async #work(lane: Lane, updates: Update[]): Promise<void> {
    for (let [update] = updates; update !== undefined && !this.#stopped.signal.aborted; [update] = updates) {
      await this.#deliver(update);
      updates.shift();
    }
    this.#lanes.delete(lane);
  }

  /** Passes an update until it is acknowledged. A handler may change what it gets, so each attempt gets what came. */
  async #deliver(original: Update): Promise<void> {
    const { update_id } = original;
    const json = jsonOf(original);
    let update = original;
    for (let failures = 0; !this.#stopped.signal.aborted; failures++) {
      const outcome = await this.#pass(update, json);
      if (outcome.type === "acknowledged" || outcome.type === "replied") {
        if (outcome.type === "replied") await this.#reply(update, outcome.reply);
        return this.#onAcknowledged(update_id);
      }
      // Stopping ends it early. A signal of its own, since Node warns of one that many wait for.
      await pause(retryAfterMs(outcome, failures), anySignal([this.#stopped.signal])).catch(() => {});
      if (json !== undefined) update = JSON.parse(json);
    }
  }

  async #reply(update: Update, reply: WebhookReply): Promise<void> {
    const error = await this.#replies.send(update, reply);
    if (error !== undefined) this.#reportError(error, { update, attempt: 1, willRetry: false });
  }

  async #pass(update: Update, json: string | undefined): Promise<Outcome> {
    try {
      return await this.#inbox.receive(update, json);
    } catch (error) {
      this.#reportError(error, { update, attempt: 1, willRetry: true });
      return { type: "failed", error };
    }
  }
}

function retryAfterMs(outcome: Outcome, failures: number): number {
  if (outcome.type === "outage") return outcome.retryAfterMs;
  if (outcome.type !== "failed") return REFUSED_RETRY_MS;
  return outcome.retryAfterMs ?? Math.min(FIRST_RETRY_MS * 2 ** failures, LONGEST_RETRY_MS);
}

/** An update as it came, for the next attempt: the inbox gives it up if it cannot be written. */
function jsonOf(update: Update): string | undefined {
  try {
    return JSON.stringify(update);
  } catch {
    return undefined;
  }
}
