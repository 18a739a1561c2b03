import { describe, it } from "node:test";

/** Adds a test that says why it is skipped: Deno ignores the reason that `it` is given. */
export function skipped(name: string, why: string): void {
  describe(name, () => it.skip(`is skipped: ${why}`, () => {}));
}
