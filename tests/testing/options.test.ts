import { strict as assert } from "node:assert";
import { describe, test } from "node:test";
import { startTestBotApi, virtualClock } from "../../src/testing/mod.ts";
import { frozen, saying } from "./test_server.ts";

/** As JavaScript passes it, which no type checker looks at. */
// deno-lint-ignore no-explicit-any
const untyped = (value: unknown): any => value;

describe("an option that does not exist is refused, with the one that was meant", () => {
  const refused = (message: RegExp) => ({ code: "ERR_OPTION", message });

  test("of the server, and of a further bot", async (t) => {
    await assert.rejects(startTestBotApi(untyped({ timescale: 60 })), refused(/did you mean "timeScale"/i));
    await assert.rejects(
      startTestBotApi({ bots: [untyped({ tokens: "1:A" })] }),
      refused(/did you mean "token"/i),
    );
    const telegram = await frozen(t);
    assert.throws(
      () => telegram.addBot(untyped({ clock: virtualClock() })),
      refused(/addBot has no option "clock"/),
    );
  });

  test("of what a test does", async (t) => {
    const telegram = await frozen(t);
    assert.throws(
      () => telegram.deliver(saying("Hi"), untyped({ evenIfNotAlowed: true })),
      refused(/did you mean "evenIfNotAllowed"/i),
    );
    assert.throws(() => telegram.nextCall("sendMessage", untyped({ timeout: 1 })), refused(/"timeoutMs"/));
    await assert.rejects(telegram.clock.advance(1, untyped({ patience: 1 })), refused(/"patienceMs"/));
  });

  test("of a fault, and of its scope", async (t) => {
    const { faults, callFaults } = await frozen(t);
    assert.throws(() => faults.add(untyped({ loseAnswers: true })), refused(/did you mean "loseAnswer"/i));
    assert.throws(
      () => faults.add({ duplicate: true }, untyped({ time: 2 })),
      refused(/did you mean "times"/i),
    );
    assert.throws(
      () => faults.add({ breakConnection: untyped("before") }),
      refused(/"breakConnection" must be "before request"/),
    );
    assert.throws(() => callFaults.add(untyped({ tooMany: 5 })), refused(/"tooManyRequests"/));
    assert.throws(
      () => callFaults.add({ stall: true }, untyped({ methods: "getMe" })),
      refused(/did you mean "method"/i),
    );
    assert.throws(
      () => callFaults.add({ breakConnection: untyped("before request") }),
      refused(/"breakConnection" must be "before call"/),
    );
  });
});
