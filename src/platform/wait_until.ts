/** The key under which Vercel and Next.js keep the context of the current request. */
const CONTEXTS = [Symbol.for("@vercel/request-context"), Symbol.for("@next/request-context")];

/**
 * Passes a promise to the platform's `waitUntil`: that of an argument after the request (Workers, Netlify, h3), or of the
 * context that Vercel and Next.js keep.
 */
export function waitUntil(promise: () => Promise<unknown>, args: readonly unknown[]): void {
  for (const context of args) if (waitIn(context, promise)) return;
  for (const name of CONTEXTS) {
    const holder = (globalThis as { [name: symbol]: { get?(): unknown } | undefined })[name];
    if (holder !== undefined && waitIn(holder.get?.(), promise)) return;
  }
}

/** Whether one of the arguments after a request is a context that has a `waitUntil`, as on Workers. */
export function hasWaitUntil(args: readonly unknown[]): boolean {
  return args.some((each) => typeof each === "object" && each !== null && "waitUntil" in each);
}

/** @returns Whether this is a context that has a `waitUntil`. */
function waitIn(context: unknown, promise: () => Promise<unknown>): boolean {
  if (typeof context !== "object" || context === null || !("waitUntil" in context)) return false;
  if (typeof context.waitUntil !== "function") return false;
  context.waitUntil(promise());
  return true;
}
