import { nodeBuiltin } from "../platform/node_builtin.ts";

interface Process {
  on(signal: string, listener: () => void): unknown;
  off(signal: string, listener: () => void): unknown;
  exit(code: number): never;
}

/** What a shell reports of a program that a signal has ended: 128 and the signal's number. */
const EXIT_CODES = { SIGINT: 130, SIGTERM: 143 } as const;

/**
 * Calls `close` at the first SIGINT or SIGTERM; the second ends the process at once.
 *
 * @returns What takes the listeners away again, without which the process would not end by itself on every runtime.
 */
export function closeOnSignals(close: (signal: string) => void): () => void {
  const process = nodeBuiltin<Process>("node:process");
  let isClosing = false;
  const listeners = Object.entries(EXIT_CODES).map(([signal, exitCode]) => {
    const listener = () => {
      if (isClosing) process.exit(exitCode);
      isClosing = true;
      close(signal);
    };
    process.on(signal, listener);
    return () => process.off(signal, listener);
  });
  return () => listeners.forEach((takeAway) => takeAway());
}
