import { strict as assert } from "node:assert";
import { describe, it } from "node:test";
import { updateHandlers, updateStreams, webhook } from "../../mod.ts";
import { kindOf } from "../../src/delivery/kind.ts";

/** An update's JSON, and the kind as which it is handled. */
const UPDATES: readonly (readonly [json: string, kind: string])[] = [
  ['{"update_id":1,"message":{}}', "message"],
  ['{"message":{},"update_id":1}', "message"],
  ['{"update_id":1,"_trace":"x","message":{}}', "message"],
  ['{"_received":1785000001,"update_id":1,"message":{}}', "message"],
  ['{"update_id":1,"_debug":null,"_tags":[{}],"poll":{}}', "poll"],
  ['{"update_id":1,"_trace":{"id":1},"message":{}}', "message"],
  ['{"update_id":1,"telepathy":{},"callback_query":{}}', "callback_query"],
  ['{"update_id":1,"message":{},"telepathy":{}}', "message"],
  ['{"update_id":1,"message":{},"poll":{}}', "message"],
  ['{"update_id":1,"poll":{},"message":{}}', "poll"],
  ['{"update_id":1,"telepathy":{}}', "telepathy"],
  ['{"update_id":1,"_trace":"x","telepathy":{},"dream":{}}', "telepathy"],
];

describe("the kind of an update", () => {
  for (const [json, kind] of UPDATES) {
    it(`${json} is ${kind}: for the parser, handlers and streams alike`, async () => {
      assert.equal(kindOf(JSON.parse(json)), kind);
      const handled: string[] = [];
      const handlers = updateHandlers({
        message: () => void handled.push("message"),
        poll: () => void handled.push("poll"),
        callback_query: () => void handled.push("callback_query"),
        unknown: () => void handled.push("telepathy"),
      });
      const hook = webhook(handlers, { secretToken: null, onError: assert.fail });
      const post = () => new Request("http://host/", { method: "POST", body: json });
      assert.equal((await hook(post())).status, 200);
      assert.deepEqual(handled, [kind]);

      const streams = updateStreams();
      const named = ["message", "poll", "callback_query"] as const;
      const stream = kind === "telepathy" ? streams.unknown() : streams.on(...named);
      const through = webhook(streams, { secretToken: null, onError: assert.fail });
      assert.equal((await through(post())).status, 200);
      const { value } = await stream[Symbol.asyncIterator]().next();
      assert.equal(kindOf(value ?? {}), kind);
    });
  }

  it("is not there where no field can be one", () => {
    for (const update of [{}, { update_id: 1 }, { update_id: 1, a: "x", b: [], c: null, d: 5, e: true }]) {
      assert.equal(kindOf(update), undefined);
    }
  });

  it("is that of a merged media group", () => {
    assert.equal(kindOf({ update_id: 1, message_media_group: {} }), "message_media_group");
  });
});
