/** Allows a burst of events, and then one in every interval. */
export class RateLimit {
  #interval: number;
  #head: number;
  #nextFree = 0;

  /** @param burst How many may happen together. @param intervalMs How long one of them counts. */
  constructor(burst: number, intervalMs: number) {
    this.#interval = intervalMs;
    this.#head = (burst - 1) * intervalMs;
  }

  /** When the next one may happen, in milliseconds. */
  get next(): number {
    return this.#nextFree - this.#head;
  }

  /** Notes that one happened. */
  note(now: number): void {
    this.#nextFree = Math.max(this.#nextFree, now) + this.#interval;
  }
}

/** A webhook without a 2xx for longer than this is back to a single connection. */
const FALL_BACK_MS = 10_000;

/** Decides how many connections a webhook may have, and how soon another one is opened. */
export class ConnectionRamp {
  #maxConnections: number;
  #lastSuccess = Number.NEGATIVE_INFINITY;
  #isFirst = true;
  #healthy = new RateLimit(10, 50);
  #cautious = new RateLimit(1, 2000);

  /** @param maxConnections What setWebhook asked for. */
  constructor(maxConnections: number) {
    this.#maxConnections = maxConnections;
  }

  /** Notes a 2xx. */
  succeeded(now: number): void {
    this.#lastSuccess = now;
  }

  /** How many connections that many queues get. Each new webhook gets one to begin with, even with none. */
  wanted(queues: number, now: number): number {
    const wanted = Math.min(queues, this.#maxConnections);
    if (this.#isFirst) return 1;
    return this.#isHealthy(now) ? Math.max(wanted, 1) : Math.min(wanted, 1);
  }

  /** When the next connection may be opened. */
  nextOpening(now: number): number {
    return this.#pace(now).next;
  }

  /** Notes that a connection was opened. */
  opened(now: number): void {
    this.#pace(now).note(now);
    this.#isFirst = false;
  }

  #pace(now: number): RateLimit {
    return this.#isHealthy(now) ? this.#healthy : this.#cautious;
  }

  #isHealthy(now: number): boolean {
    return this.#lastSuccess + FALL_BACK_MS >= now;
  }
}
