import { clearImmediate, setImmediate } from "node:timers";

/** Counts the turns of the event loop. */
export function countTurns(): { stop(): number } {
  let count = 0;
  let next = setImmediate(function again() {
    count++;
    next = setImmediate(again);
  });
  return {
    stop() {
      clearImmediate(next);
      return count;
    },
  };
}
