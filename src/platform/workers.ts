/**
 * Cloudflare Workers end with a request whatever it leaves behind, timers and the loops that wait in it too, unless its context
 * is told to wait. The code of a Durable Object lives longer.
 *
 * @see https://developers.cloudflare.com/workers/runtime-apis/context/
 */
export function isWorker(): boolean {
  const { navigator } = globalThis as { navigator?: { readonly userAgent?: unknown } };
  return navigator?.userAgent === "Cloudflare-Workers";
}

/** Whether this is code of a worker that runs in no request, as a module does when it is loaded: it can wait for nothing. */
export function isOutsideRequests(): boolean {
  if (!isWorker()) return false;
  try {
    clearTimeout(setTimeout(() => {}, 0));
    return false;
  } catch {
    return true;
  }
}
