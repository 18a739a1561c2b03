/** Runs it after everything that is pending has had a turn: input, timers, answers. */
export function soon(run: () => void): void {
  const { setImmediate } = globalThis as { setImmediate?: (callback: () => void) => unknown };
  if (setImmediate !== undefined) setImmediate(run);
  else setTimeout(run, 0);
}

/** Resolves after everything that is pending has had a turn. */
export function nextTurn(): Promise<void> {
  return new Promise(soon);
}

/** How long work may take before everything that is pending has a turn, in milliseconds. */
export const LONGEST_BURST_MS = 10;

/**
 * Calls a function for each of many, one after another, and lets other things happen now and then. The first call is
 * immediate.
 */
export async function inTurns<T>(all: Iterable<T>, each: (one: T) => void | Promise<void>): Promise<void> {
  let turnedAt = performance.now();
  for (const one of all) {
    const ended = each(one);
    if (ended !== undefined) await ended;
    if (performance.now() - turnedAt < LONGEST_BURST_MS) continue;
    await nextTurn();
    turnedAt = performance.now();
  }
}
