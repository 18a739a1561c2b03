import { pause } from "./pause.ts";

const TURN_MS = 5;

/** How long to wait until nothing more comes, in milliseconds. */
export interface Quiet {
  /** Nothing must have come for this long. */
  readonly quietMs: number;
  /** Waiting takes this long at most. */
  readonly limitMs: number;
}

/** How long to wait before connections or stores are closed: what is on its way must not be cut off. */
export const BEFORE_CLOSING: Quiet = { quietMs: 100, limitMs: 1_000 };

/**
 * Resolves when nothing has come for a while. It counts turns of the event loop and not only the time: when the loop was
 * blocked, it reads what arrived meanwhile before this resolves.
 *
 * @param arrivals A number that changes with everything that comes; `undefined` if nothing can come.
 */
export async function untilQuiet(
  arrivals: () => number | undefined,
  { quietMs, limitMs }: Quiet,
): Promise<void> {
  const since = performance.now();
  let last = arrivals();
  for (let turns = 0; turns * TURN_MS < quietMs && performance.now() - since < limitMs; turns++) {
    if (last === undefined) return;
    await pause(TURN_MS);
    const now = arrivals();
    if (now !== last) turns = -1;
    last = now;
  }
}
