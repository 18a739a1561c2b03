/**
 * Resolves after everything that is pending has had a turn: input, timers, answers. A message channel works on all runtimes and
 * is the fastest way.
 */
export function nextTurn(): Promise<void> {
  const { setImmediate } = globalThis as { setImmediate?: (callback: () => void) => unknown };
  return new Promise((resolve) => {
    if (setImmediate !== undefined) setImmediate(resolve);
    else setTimeout(resolve, 0);
  });
}
