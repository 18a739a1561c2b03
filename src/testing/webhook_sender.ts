import type { PendingUpdates } from "./pending_updates.ts";
import type { Clock } from "./clock.ts";
import type { Connection, Hazard } from "./connection.ts";
import { ConnectionPool, type PoolParts } from "./connection_pool.ts";
import type { Attempt, Delivery } from "./delivery.ts";
import type { Fault, Faults } from "./faults.ts";
import type { HttpAnswer } from "./http_answer.ts";
import { LoadedQueues } from "./loaded_queues.ts";
import { RetryDelay } from "./retry_delay.ts";
import { type RequestTarget, webhookRequest } from "./webhook_request.ts";

/** What a sender works with, and what it tells. */
export interface SenderParts extends Omit<PoolParts, "answered" | "failed" | "closed"> {
  pending: PendingUpdates;
  clock: Clock;
  faults: Faults;
  random: () => number;
  target: RequestTarget;
  isPaused: boolean;
  /** Something failed: what `getWebhookInfo` tells. */
  onError(message: string): void;
  /** An update was answered with 2xx. */
  onSuccess(answer: HttpAnswer): void;
  /** There was nothing but 410 for 23 hours. */
  onGone(): void;
}

interface UnderWay {
  delivery: Delivery;
  request: Uint8Array;
  sentAt: number;
  fault: Fault | undefined;
  /** Why the connection failed meanwhile. */
  problem?: string;
}

/** At most this many updates are read at a time. */
const READ_LIMIT = 1000;
const GONE_AFTER_MS = 23 * 3600 * 1000;

/** Delivers one bot's updates to one webhook, as Telegram's server does. */
export class WebhookSender {
  #parts: SenderParts;
  #pool: ConnectionPool;
  #queues = new LoadedQueues();
  #underWay = new Map<Connection, UnderWay>();
  #delays = new Map<Delivery, RetryDelay>();
  #goneSince: number | undefined;
  #isPaused: boolean;
  #isClosed = false;
  #turnIsDue = false;
  #restarts = 0;
  #stopTimer: () => void = () => {};

  /** Starts sending. The webhook gets one connection immediately, with or without an update. */
  constructor(parts: SenderParts) {
    this.#parts = parts;
    this.#isPaused = parts.isPaused;
    this.#pool = new ConnectionPool({
      ...parts,
      answered: (connection, answer) => this.#answered(connection, answer),
      failed: (connection, message) => {
        const sending = this.#underWay.get(connection);
        if (sending) sending.problem = message;
        parts.onError(message);
      },
      closed: (connection) => this.#closed(connection),
    });
    parts.pending.rewind();
    this.#turn();
  }

  /** How many connections are open now. */
  get connections(): number {
    return this.#pool.size;
  }

  /** How many connections wait for the webhook. */
  get busy(): number {
    return this.#pool.busy + this.#restarts;
  }

  /** Loads what is pending immediately, and sends soon: there is a new update, or something changed. */
  wake(): void {
    if (this.#isClosed) return;
    if (!this.#isPaused) this.#load();
    if (this.#turnIsDue) return;
    this.#turnIsDue = true;
    queueMicrotask(() => this.#turn());
  }

  /** Sends nothing more until {@link resume}. */
  pause(): void {
    this.#isPaused = true;
  }

  /** Goes on after {@link pause}. */
  resume(): void {
    this.#isPaused = false;
    this.wake();
  }

  /** Closes every connection. What is under way stays in the pending. */
  close(): void {
    this.#isClosed = true;
    this.#stopTimer();
    this.#underWay.clear();
    this.#pool.close();
  }

  #turn(): void {
    this.#turnIsDue = false;
    this.#stopTimer();
    if (this.#isClosed) return;
    if (!this.#isPaused) this.#load();
    const nextOpening = this.#pool.grow(this.#queues.size);
    if (!this.#isPaused) this.#send();
    const wakeAt = this.#isPaused ? nextOpening : Math.min(nextOpening, this.#nextSending());
    if (Number.isFinite(wakeAt)) {
      this.#stopTimer = this.#parts.clock.after(wakeAt - this.#now(), () => this.#turn());
    }
    this.#parts.onChange();
  }

  /** Telegram has at most twice as many queues at hand as connections: those that always fail starve the others. */
  #load(): void {
    const room = this.#parts.maxConnections * 2 - this.#queues.size;
    this.#queues.load(this.#parts.pending.read(Math.min(room, READ_LIMIT)), this.#now());
  }

  #nextSending(): number {
    return this.#pool.ready ? this.#queues.nextWake : Number.POSITIVE_INFINITY;
  }

  #send(): void {
    for (;;) {
      const connection = this.#pool.ready;
      const delivery = connection && this.#queues.take(this.#now());
      if (!delivery) return;
      this.#sendOver(connection, delivery);
    }
  }

  #sendOver(connection: Connection, delivery: Delivery): void {
    const { target, clock } = this.#parts;
    const fault = isAcknowledged(delivery) ? undefined : this.#parts.faults.take(delivery);
    if (fault && "delayMs" in fault) return this.#queues.again(delivery, clock.now() + fault.delayMs);
    const secretToken = fault && "secretToken" in fault ? fault.secretToken ?? "" : target.secretToken;
    const request = webhookRequest({ ...target, secretToken }, delivery.json);
    this.#underWay.set(connection, { delivery, request, sentAt: clock.now(), fault });
    this.#pool.send(connection, request, fault && this.#hazardOf(fault));
  }

  #hazardOf(fault: Fault): Hazard | undefined {
    if ("breakConnection" in fault) return fault.breakConnection;
    if ("loseAnswer" in fault) return fault.loseAnswer === "silently" ? "lost answer" : undefined;
    return "restart" in fault ? () => void this.#restart(fault.restart) : undefined;
  }

  /** Until the receiver has restarted, time stands still for those who wait for what is under way. */
  async #restart(task: () => unknown): Promise<void> {
    this.#restarts++;
    try {
      await this.#parts.network.whileDown(task);
    } catch (error) {
      this.#parts.onViolation(`The restart of the receiver failed: ${error}`);
    } finally {
      this.#restarts--;
      this.wake();
    }
  }

  #answered(connection: Connection, answer: HttpAnswer): void {
    const sending = this.#underWay.get(connection);
    if (!sending) return;
    if (sending.fault && "loseAnswer" in sending.fault) return connection.close();
    this.#underWay.delete(connection);
    this.#note(connection, sending, answer);
    if (isSuccess(answer)) {
      this.#goneSince = undefined;
      this.#parts.onSuccess(answer);
      this.#succeeded(sending);
    } else {
      if (answer.status < 200) {
        this.#parts.onViolation(`${answer.status} ${answer.reason} counts as an answer`);
      }
      const error = wrongResponse(answer);
      this.#parts.onError(error);
      if (this.#isGone(answer.status)) return this.#parts.onGone();
      this.#failed(sending.delivery, answer.headers.get("retry-after"));
    }
    this.wake();
  }

  #closed(connection: Connection): void {
    const sending = this.#underWay.get(connection);
    this.#underWay.delete(connection);
    if (sending && !this.#isClosed) {
      this.#note(connection, sending, undefined);
      this.#failed(sending.delivery, undefined);
    }
    this.wake();
  }

  #note(connection: Connection, sending: UnderWay, answer: HttpAnswer | undefined): void {
    const { delivery, request, sentAt, problem = "Webhook connection closed" } = sending;
    const error = answer ? isSuccess(answer) ? undefined : wrongResponse(answer) : problem;
    const attempt: Attempt = {
      number: delivery.attempts.length + 1,
      connection: connection.id,
      request,
      sentAt,
      endedAt: this.#now(),
      ...answer && { answer },
      ...error !== undefined && { error },
    };
    delivery.record(attempt);
  }

  #succeeded({ delivery, fault }: UnderWay): void {
    const now = this.#now();
    this.#pool.succeeded();
    if (fault && "duplicate" in fault) return this.#queues.again(delivery, now);
    this.#delays.delete(delivery);
    this.#queues.done(delivery);
    this.#parts.pending.remove(delivery, "acknowledged");
  }

  #failed(delivery: Delivery, retryAfter: string | undefined): void {
    const delay = this.#delays.get(delivery) ?? new RetryDelay();
    this.#delays.set(delivery, delay);
    const now = this.#now();
    const seconds = delay.next(retryAfter, this.#parts.random);
    if (Math.floor(now / 1000) + seconds > Math.floor(delivery.expiresAt / 1000)) {
      this.#delays.delete(delivery);
      this.#queues.done(delivery);
      this.#parts.pending.remove(delivery, "expired");
    } else {
      this.#queues.again(delivery, now + seconds * 1000);
    }
  }

  #isGone(status: number): boolean {
    const now = this.#now();
    this.#goneSince = status === 410 ? this.#goneSince ?? now : undefined;
    return this.#goneSince !== undefined && now > this.#goneSince + GONE_AFTER_MS;
  }

  #now(): number {
    return this.#parts.clock.now();
  }
}

function isSuccess({ status }: HttpAnswer): boolean {
  return status >= 200 && status <= 299;
}

/** Whether it is sent once more only because a fault has it come twice. */
function isAcknowledged({ attempts }: Delivery): boolean {
  return attempts.some(({ answer }) => answer !== undefined && isSuccess(answer));
}

function wrongResponse({ status, reason }: HttpAnswer): string {
  return `Wrong response from the webhook: ${status} ${reason}`;
}
