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

describe("a value that an option cannot have is refused", () => {
  const WRONG: Readonly<Record<string, readonly unknown[]>> = {
    token: [null, 5, "", "x", "1:"],
    bot: [null, 5, "Anna"],
    bots: [null, {}, "1:A", [{ token: 5 }]],
    firstUpdateId: [-1, 1.5, NaN, "5", null],
    port: [-1, 65_536, NaN, "8080", null],
    hostname: [null, 5],
    timeScale: [0, -1, NaN, Infinity, "60", null],
    clock: [null, {}, 5, Date],
    roundTripMs: [-1, NaN, Infinity, "5", null],
    waitMs: [-1, NaN, "5", null],
    authorities: [null, 5],
    random: [null, 0.5],
    strict: [null, 1],
    resolve: [null, "127.0.0.1:5000"],
  };
  for (const [option, values] of Object.entries(WRONG)) {
    test(option, async () => {
      for (const value of values) {
        await assert.rejects(startTestBotApi(untyped({ [option]: value })), {
          code: "ERR_OPTION",
          message: /^"\w+" must be /,
        });
      }
    });
  }

  test("and so is a time that cannot pass, or be waited for", async (t) => {
    const telegram = await frozen(t);
    for (const ms of [NaN, -1, Infinity, "5", undefined]) {
      await assert.rejects(telegram.clock.advance(untyped(ms)), { code: "ERR_OPTION" });
      assert.throws(() => virtualClock(untyped(ms ?? null)), { code: "ERR_OPTION" });
    }
    assert.throws(() => telegram.nextCall("getMe", { timeoutMs: NaN }), { code: "ERR_OPTION" });
  });
});
