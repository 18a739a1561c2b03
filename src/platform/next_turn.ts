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
