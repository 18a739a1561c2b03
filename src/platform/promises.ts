/*
 * Not `instanceof Promise`: zone.js and others replace the global `Promise`, while async functions go on to return the
 * runtime's own promises; and what comes from another realm or library is of another class anyway.
 */

/** Anything with a `then` is waited for, as `await` does: query builders and other libraries' promises too. */
export function isPromiseLike<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
}

/** Whether it is a promise, and not something else that is begun by calling its `then`. */
export function isPromise(value: unknown): value is Promise<unknown> {
  return Object.prototype.toString.call(value) === "[object Promise]";
}
