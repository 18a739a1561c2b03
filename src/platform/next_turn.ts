/** Runs it after everything that is pending has had a turn: input, timers, answers. */
export function soon(run: () => void): void {
  const { setImmediate } = globalThis as { setImmediate?: (callback: () => void) => unknown };
  if (setImmediate !== undefined) setImmediate(run);
  else setTimeout(run, 0);
}

/** How many wait for the next turn. All of them go on in it. */
let waiting = 0;

/** Resolves after everything that is pending has had a turn. */
export function nextTurn(): Promise<void> {
  waiting++;
  return new Promise((resolve) => {
    soon(() => {
      waiting--;
      resolve();
    });
  });
}

/** How long all work together may take before everything that is pending has a turn, in milliseconds. */
const LONGEST_BURST_MS = 10;

/**
 * How long one of those who work may go on before everything that is pending has a turn, in milliseconds. Where the backlogs of
 * hundreds of bots are worked off at the same time, all go on in the same turn, and each gets its share of it.
 */
export function longestBurstMs(): number {
  return LONGEST_BURST_MS / (waiting + 1);
}

/**
 * Calls a function for each of many, one after another, and lets other things happen now and then. The first call is
 * immediate.
 */
export async function inTurns<T>(all: Iterable<T>, each: (one: T) => void | Promise<void>): Promise<void> {
  let turnedAt = performance.now();
  for (const one of all) {
    const ended = each(one);
    if (ended !== undefined) await ended;
    if (performance.now() - turnedAt < longestBurstMs()) continue;
    await nextTurn();
    turnedAt = performance.now();
  }
}
