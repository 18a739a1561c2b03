/** The key under which Vercel and Next.js keep the context of the current request. */
const CONTEXTS = [Symbol.for("@vercel/request-context"), Symbol.for("@next/request-context")];

/** Keeps what serves a request alive until the promise is settled. */
export type WaitUntil = (promise: Promise<unknown>) => unknown;

/**
 * The platform's `waitUntil`: that of an argument after the request (Workers, Netlify, h3), or of the context that Vercel and
 * Next.js keep. `undefined` if there is none.
 */
export function waitUntilOf(args: readonly unknown[]): WaitUntil | undefined {
  for (const context of args) if (isWaiting(context)) return (promise) => context.waitUntil(promise);
  for (const name of CONTEXTS) {
    const holder = (globalThis as { [name: symbol]: { get?(): unknown } | undefined })[name];
    const context = holder?.get?.();
    if (isWaiting(context)) return (promise) => context.waitUntil(promise);
  }
  return undefined;
}

/** Whether one of the arguments after a request is a context that has a `waitUntil`, as on Workers. */
export function hasWaitUntil(args: readonly unknown[]): boolean {
  return args.some((each) => typeof each === "object" && each !== null && "waitUntil" in each);
}

/** Whether this is a context that has a `waitUntil`. */
function isWaiting(context: unknown): context is { waitUntil(promise: Promise<unknown>): unknown } {
  return typeof context === "object" && context !== null && "waitUntil" in context &&
    typeof context.waitUntil === "function";
}
