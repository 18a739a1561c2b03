import { it as runIt } from "node:test";
import type { TestScope } from "../src/testing/store.ts";

type Test = (t: TestScope) => void | Promise<void>;

/** What {@link it} may be told. */
export interface TestOptions {
  /** Whether the test is skipped. Default: `false`. */
  readonly skip?: boolean;
  /** Milliseconds that it may take. Default: as the runtime has it, which is five seconds on Bun. */
  readonly timeout?: number;
}

/** As `it`, with an `after` that is called everywhere: Deno 2.9 never calls that of a test inside `describe`. */
export function it(name: string, test: Test): void;
export function it(name: string, options: TestOptions, test: Test): void;
export function it(name: string, options: TestOptions | Test, test?: Test): void {
  if (typeof options === "function") return it(name, {}, options);
  runIt(name, options, async () => {
    const undone: (() => unknown)[] = [];
    try {
      await test?.({ after: (undo) => void undone.unshift(undo) });
    } finally {
      for (const undo of undone) await undo();
    }
  });
}

/** How long a test may take that needs a server, in milliseconds: starting one takes seconds on a busy machine. */
const WITH_SERVER_MS = 30_000;

/** Adds a test that needs a server, or says in its name why it is skipped. */
export function test(name: string, skip: string | undefined, body: Test): void {
  if (skip === undefined) it(name, { timeout: WITH_SERVER_MS }, body);
  else it(`${name} (${skip})`, { skip: true }, () => {});
}
