import { describe } from "node:test";
import type { Adapter } from "./adapters.ts";
import { answersSuite } from "./answers_suite.ts";
import { bytesSuite } from "./bytes_suite.ts";
import { closingSuite } from "./closing_suite.ts";

/** How every server behaves, whoever started it. */
export function serveSuite(adapter: Adapter): void {
  describe(`answers: ${adapter.name}`, () => answersSuite(adapter));
  describe(`bytes: ${adapter.name}`, () => bytesSuite(adapter));
  describe(`closing: ${adapter.name}`, () => closingSuite(adapter));
}
