import { it as runIt } from "node:test";
import type { Scope } from "../inbox/scoped_it.ts";

/** As `it`, for tests that start processes: with an `after` that works everywhere, and more than Bun's five seconds. */
export function it(name: string, test: (t: Scope) => void | Promise<void>): void {
  runIt(name, { timeout: 60_000 }, async () => {
    const undone: (() => unknown)[] = [];
    try {
      await test({ after: (undo) => void undone.unshift(undo) });
    } finally {
      for (const undo of undone) await undo();
    }
  });
}
