import { it as runIt } from "node:test";

/** What a test leaves to be undone. */
export interface Scope {
  /** Calls a function when the test has ended, the latest first. */
  after(undo: () => unknown): void;
}

/** As `it`, with an `after` that works everywhere: Deno 2.9 never calls that of a test inside `describe`. */
export function it(name: string, test: (t: Scope) => void | Promise<void>): void {
  runIt(name, async () => {
    const undone: (() => unknown)[] = [];
    try {
      await test({ after: (undo) => void undone.unshift(undo) });
    } finally {
      for (const undo of undone) await undo();
    }
  });
}
