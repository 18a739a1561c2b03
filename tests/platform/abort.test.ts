import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Abortable } from "../../src/platform/abort.ts";
import { requestSignals } from "../workers.ts";

describe("work that is aborted together", () => {
  it("has a signal for each piece, and forgets those that have ended", () => {
    const work = new Abortable();
    const [one, two, three] = [work.begin(), work.begin(), work.begin()];
    work.end(two);
    const reason = new Error("It stops");
    work.abort(reason);
    assert.equal(one.signal.reason, reason);
    assert.equal(two.signal.aborted, false);
    assert.equal(three.signal.reason, reason);
  });

  it("is aborted where that is possible on Workers", (t) => {
    const inRequest = requestSignals(t);
    const work = new Abortable();
    inRequest("first", () => work.begin());
    const own = inRequest("second", () => work.begin());
    inRequest("second", () => work.abort(new Error("It stops")));
    assert.equal(inRequest("second", () => own.signal.aborted), true);
  });
});
