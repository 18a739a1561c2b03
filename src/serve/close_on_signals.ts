import { nodeBuiltin } from "../platform/node_builtin.ts";

interface Process {
  on(signal: string, listener: () => void): unknown;
  off(signal: string, listener: () => void): unknown;
  exit(code: number): never;
}

/** The exit status that a shell reports for a program that a signal ended: 128 and the signal's number. */
const EXIT_CODES = { SIGINT: 130, SIGTERM: 143 } as const;

/** Signals within this many milliseconds are one: npm passes on the Ctrl-C that the terminal has sent already. */
const SAME_KEY_PRESS_MS = 500;

/**
 * Calls `close` on the first SIGINT or SIGTERM. A second signal ends the process immediately, unless it belongs to the
 * same key press as the first.
 *
 * @returns A function that removes the listeners, without which the process does not exit on its own on every runtime.
 */
export function closeOnSignals(close: (signal: string) => void): () => void {
  const process = nodeBuiltin<Process>("node:process");
  let firstAt: number | undefined;
  const listeners = Object.entries(EXIT_CODES).map(([signal, exitCode]) => {
    const listener = () => {
      if (firstAt === undefined) {
        firstAt = performance.now();
        close(signal);
      } else if (performance.now() - firstAt > SAME_KEY_PRESS_MS) process.exit(exitCode);
    };
    process.on(signal, listener);
    return () => process.off(signal, listener);
  });
  return () => listeners.forEach((remove) => remove());
}
