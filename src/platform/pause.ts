import { unrefTimer } from "./unref_timer.ts";

/** The longest time of a timer, in milliseconds: with a longer one, it would fire immediately. */
export const LONGEST_TIMER_MS: number = 2 ** 31 - 1;

/**
 * Resolves after that many milliseconds, or rejects with the signal's reason as soon as that is aborted.
 *
 * @param options `isHeld`: whether the process goes on until then. Default: `true`.
 */
export function pause(
  ms: number,
  signal?: AbortSignal,
  { isHeld = true }: { readonly isHeld?: boolean } = {},
): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", abort);
      resolve();
    }, Math.min(ms, LONGEST_TIMER_MS));
    if (!isHeld) unrefTimer(timer);
    function abort(): void {
      clearTimeout(timer);
      reject(signal?.reason);
    }
    signal?.addEventListener("abort", abort, { once: true });
  });
}

/** Rejects if a promise is not settled within that time. */
export function within<T>(ms: number, promise: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`No answer within ${Math.round(ms)} ms`)), ms);
    const end = () => clearTimeout(timer);
    promise.then(resolve, reject);
    promise.then(end, end);
  });
}
