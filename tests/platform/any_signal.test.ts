import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { anySignal } from "../../src/platform/any_signal.ts";
import { collectGarbage } from "../collect_garbage.ts";

describe("a signal of several", () => {
  it("is aborted after a time that nothing else refers to, also if memory is collected meanwhile", async () => {
    const stopped = new AbortController();
    let giveUp: ReturnType<typeof setTimeout> | undefined;
    const reason = new Promise<unknown>((resolve) => {
      const signal = anySignal([stopped.signal, AbortSignal.timeout(100)]);
      signal.addEventListener("abort", () => resolve(signal.reason));
      giveUp = setTimeout(() => resolve("never"), 2_000);
    });
    for (let i = 0; i < 5; i++) {
      await new Promise((resolve) => setTimeout(resolve, 5));
      collectGarbage();
    }
    assert.equal((await reason as Error).name, "TimeoutError");
    clearTimeout(giveUp);
  });

  it("is aborted with the first that is", () => {
    const stopped = new AbortController();
    const signal = anySignal([stopped.signal, AbortSignal.timeout(10_000)]);
    assert.equal(signal.aborted, false);
    stopped.abort(new Error("It stops"));
    assert.equal(signal.reason.message, "It stops");
    assert.equal(anySignal([stopped.signal]).aborted, true);
  });
});
