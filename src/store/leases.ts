import { within } from "../platform/pause.ts";
import { unrefTimer } from "../platform/unref_timer.ts";

/** What {@link Leases} need to know. */
export interface LeasesOptions<B> {
  /** How long claims last after the latest renewal. */
  readonly leaseMs: number;
  /**
   * Renews the claims of all these batches, in one call.
   *
   * @returns Those that belong to another process now.
   */
  renew(held: readonly B[]): Promise<readonly B[]>;
  /** Reports a batch that belongs to another process now, or may: it could not be renewed in time. */
  lost(batch: B): void;
  /** Reports that renewals fail. Called once until one succeeds again. */
  failed(error: unknown): void;
}

/**
 * What this process has claimed on a server, and one timer that renews it: three times per lease, all claims in one call.
 *
 * A claim is lost if the server says so, or if no renewal has succeeded for nine tenths of the lease: soon another
 * process may claim it, and its handler must know before. A process that was stopped for longer asks the server first:
 * perhaps nobody has claimed anything meanwhile.
 */
export class Leases<B> {
  readonly #options: LeasesOptions<B>;
  readonly #held = new Set<B>();
  /** When the latest renewal that succeeded was sent. The server received it later. */
  #renewedAt = 0;
  #isFailing = false;
  #isOpen = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: LeasesOptions<B>) {
    this.#options = options;
  }

  /** Begins to renew. The server knows this process since a call that was sent at that time of `performance.now()`. */
  start(sentAt: number): void {
    this.#isOpen = true;
    this.#renewedAt = sentAt;
    this.#schedule(this.#options.leaseMs / 3);
  }

  stop(): void {
    this.#isOpen = false;
    clearTimeout(this.#timer);
    this.#held.clear();
  }

  add(batch: B): void {
    this.#held.add(batch);
  }

  /** @returns Whether it was held until now. */
  delete(batch: B): boolean {
    return this.#held.delete(batch);
  }

  values(): Iterable<B> {
    return this.#held;
  }

  /** Renews now: something has happened that makes it doubtful what is still ours. */
  async renew(): Promise<void> {
    if (!this.#isOpen) return;
    clearTimeout(this.#timer);
    const { leaseMs, renew, lost, failed } = this.#options;
    const sentAt = performance.now();
    const leftMs = this.#leftMs(sentAt);
    if (leftMs <= 0 && this.#isFailing) this.#loseAll();
    try {
      const gone = await within(leftMs > 0 ? leftMs : leaseMs / 3, renew([...this.#held]));
      this.#renewedAt = sentAt;
      this.#isFailing = false;
      for (const batch of gone) if (this.#held.delete(batch)) lost(batch);
    } catch (error) {
      if (!this.#isOpen) return;
      if (!this.#isFailing) failed(error);
      this.#isFailing = true;
      if (this.#leftMs() <= 0) this.#loseAll();
    }
    const leftAfterMs = this.#leftMs();
    this.#schedule(this.#isFailing && leftAfterMs > 0 ? Math.min(leftAfterMs, leaseMs / 10) : leaseMs / 3);
  }

  /**
   * Until when what a call has claimed is surely ours: the server keeps it for half a lease after each call, and for a whole
   * one after a renewal.
   *
   * @param sentAt When the call was sent, as the result on the clock of `performance.now()`.
   */
  oursUntil(sentAt: number): number {
    const { leaseMs } = this.#options;
    return Math.max(sentAt + 0.45 * leaseMs, this.#renewedAt + 0.9 * leaseMs);
  }

  /** For how long what is held is surely still ours. */
  #leftMs(now = performance.now()): number {
    return this.#renewedAt + 0.9 * this.#options.leaseMs - now;
  }

  #schedule(ms: number): void {
    if (!this.#isOpen) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.renew(), ms);
    unrefTimer(this.#timer); // what runs keeps the process alive, not its lease
  }

  #loseAll(): void {
    const batches = [...this.#held];
    this.#held.clear();
    for (const batch of batches) this.#options.lost(batch);
  }
}
