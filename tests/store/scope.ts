import { it as runIt } from "node:test";
import type { TestScope } from "../../src/testing/store.ts";

type Test = (t: TestScope) => void | Promise<void>;

/** As `it`, with an `after` that is called everywhere: Deno 2.9 never calls that of a test inside `describe`. */
export function it(name: string, test: Test): void;
export function it(name: string, options: { readonly skip: boolean }, test: Test): void;
export function it(name: string, options: { readonly skip: boolean } | Test, test?: Test): void {
  if (typeof options === "function") return it(name, { skip: false }, options);
  runIt(name, options, async () => {
    const undone: (() => unknown)[] = [];
    try {
      await test?.({ after: (undo) => void undone.unshift(undo) });
    } finally {
      for (const undo of undone) await undo();
    }
  });
}
