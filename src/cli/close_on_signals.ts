import process from "node:process";

const SIGNALS = { SIGINT: 130, SIGTERM: 143 } as const;

/**
 * Calls `close` at the first SIGINT or SIGTERM; the second ends the process at once.
 *
 * @returns What takes the listeners away again, without which the process would not end by itself on every runtime.
 */
export function closeOnSignals(close: (signal: string) => void): () => void {
  let isClosing = false;
  const listeners = Object.entries(SIGNALS).map(([signal, exitCode]) => {
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
