/** Lets the process end although a timer is set, on the runtimes that have processes. */
export function unrefTimer(timer: unknown): void {
  if (typeof timer === "object" && timer !== null && "unref" in timer && typeof timer.unref === "function") {
    timer.unref();
    return;
  }
  // Older Denos number their timers, as browsers do.
  const { Deno } = globalThis as { Deno?: { unrefTimer?(id: unknown): void } };
  Deno?.unrefTimer?.(timer);
}
