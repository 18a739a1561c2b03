/**
 * Lets everything happen that waits: input, timers, answers. A message channel serves all runtimes; where timers are not
 * throttled, it is also the fastest.
 */
export function nextTurn(): Promise<void> {
  const { setImmediate } = globalThis as { setImmediate?: (callback: () => void) => unknown };
  return new Promise((resolve) => {
    if (setImmediate !== undefined) setImmediate(resolve);
    else setTimeout(resolve, 0);
  });
}
