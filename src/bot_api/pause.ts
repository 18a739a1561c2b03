// Beyond this many milliseconds a timer fires at once.
const longest = 2 ** 31 - 1;

/**
 * Resolves after that time, or rejects with the signal's reason as soon as it aborts; either way nothing
 * stays behind.
 */
export function pause(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", abort);
      resolve();
    }, Math.min(milliseconds, longest));
    function abort(): void {
      clearTimeout(timer);
      reject(signal?.reason);
    }
    signal?.addEventListener("abort", abort, { once: true });
  });
}
