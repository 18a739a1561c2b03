/** Lets the process end although the timer is set, on runtimes that have processes. */
export function unrefTimer(timer: unknown): void {
  if (typeof timer === "object" && timer !== null && "unref" in timer && typeof timer.unref === "function") {
    timer.unref();
    return;
  }
  // In older versions of Deno, timers are numbers, as in browsers.
  const { Deno } = globalThis as { Deno?: { unrefTimer?(id: unknown): void } };
  Deno?.unrefTimer?.(timer);
}
