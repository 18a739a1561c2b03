import { it as scopedIt } from "../scoped_it.ts";
import type { TestScope } from "../../src/testing/store.ts";

/** For tests that start processes: they may take more than Bun's five seconds. */
export function it(name: string, test: (t: TestScope) => void | Promise<void>): void {
  scopedIt(name, { timeout: 60_000 }, test);
}
