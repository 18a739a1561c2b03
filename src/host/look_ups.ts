import { TelehookError } from "../errors/telehook_error.ts";
import type { HostMember } from "./host_member.ts";
import { UnknownBots } from "./unknown_bots.ts";

/** Look-ups at the same time: a flood of ids must not become a flood of questions to a database. */
const MOST = 100;
/**
 * A look-up that takes longer is begun again: a database may never answer, and on Workers a look-up ends without a word when
 * its request does. Telegram waits for 60 s.
 */
const LONGEST_MS = 20_000;

/** A bot that is being looked up. */
interface LookUp {
  readonly found: Promise<HostMember | undefined>;
  readonly stop: (reason: TelehookError) => void;
  /** On the clock of `performance.now()`. */
  readonly since: number;
}

/** Looks up bots that were not added, each once at a time. */
export class LookUps {
  readonly #lookUp: (id: number) => Promise<HostMember | undefined>;
  readonly #running = new Map<number, LookUp>();
  readonly #unknown = new UnknownBots();

  /** @param lookUp Resolves with `undefined` if there is no such bot. */
  constructor(lookUp: (id: number) => Promise<HostMember | undefined>) {
    this.#lookUp = lookUp;
  }

  /** Whether a bot can be looked up at the moment. */
  mayFind(id: number): boolean {
    this.#giveUp();
    return this.#running.size < MOST || this.#running.has(id);
  }

  /** @returns `undefined` if the bot was not found lately. */
  find(id: number): Promise<HostMember | undefined> | undefined {
    if (this.#unknown.has(id)) return undefined;
    return (this.#running.get(id) ?? this.#begin(id)).found;
  }

  /** A bot is there now. */
  added(id: number): void {
    this.#unknown.delete(id);
  }

  /** Who waits for a look-up waits no longer. */
  stop(reason: TelehookError): void {
    for (const { stop } of this.#running.values()) stop(reason);
  }

  #begin(id: number): LookUp {
    let stop: LookUp["stop"] = () => {};
    const stopped = new Promise<never>((_, reject) => stop = reject);
    const found = this.#lookUp(id).then((member) => {
      if (member === undefined) this.#unknown.add(id);
      return member;
    });
    const begun: LookUp = {
      found: Promise.race([found, stopped]).finally(() => {
        if (this.#running.get(id) === begun) this.#running.delete(id);
      }),
      stop,
      since: performance.now(),
    };
    this.#running.set(id, begun);
    return begun;
  }

  /** Ends the wait for those that take too long, the oldest first. */
  #giveUp(): void {
    const before = performance.now() - LONGEST_MS;
    for (const [id, { since, stop }] of this.#running) {
      if (since > before) return;
      this.#running.delete(id);
      stop(tooLong(id));
    }
  }
}

function tooLong(id: number): TelehookError {
  return new TelehookError(
    "ERR_TIMEOUT",
    `"find" has not told the token of bot ${id} within ${LONGEST_MS / 1000} s`,
  );
}
