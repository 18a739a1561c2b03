import { strict as assert } from "node:assert";
import { describe, it } from "node:test";
import { type ReceivedUpdate, webhook, type WebhookOptions } from "../../mod.ts";
import { type LambdaEvent, toLambdaHandler } from "../../src/serve/lambda.ts";
import { consoleOf } from "./console.ts";

const SECRET = "my-Secret_1";
const UPDATE = {
  update_id: 1,
  message: { message_id: 1, date: 0, chat: { id: 1, type: "private" }, text: "Grüße" },
};
const HEADERS = { "Content-Type": "application/json", "X-Telegram-Bot-Api-Secret-Token": SECRET };
const ADDRESS = "149.154.167.220";

interface Delivery {
  readonly body?: string;
  readonly headers?: Record<string, string>;
  readonly path?: string;
  readonly method?: string;
}

const multi = (headers: Record<string, string>) =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value]]));
const lower = (headers: Record<string, string>) =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));

/** The events of the services, as their documentation shows them. */
const SERVICES: Record<string, (delivery: Delivery) => LambdaEvent> = {
  "a function URL or an HTTP API (2.0)": ({ body = "", headers = {}, path = "/", method = "POST" }) => ({
    version: "2.0",
    rawPath: path,
    headers: lower(headers),
    requestContext: { http: { method, path, sourceIp: ADDRESS } },
    body,
    isBase64Encoded: false,
  }),
  "a REST API (1.0)": ({ body = "", headers = {}, path = "/", method = "POST" }) => ({
    httpMethod: method,
    path,
    headers,
    multiValueHeaders: multi(headers),
    requestContext: { identity: { sourceIp: ADDRESS } },
    body,
    isBase64Encoded: false,
  }),
  "a load balancer": ({ body = "", headers = {}, path = "/", method = "POST" }) => ({
    httpMethod: method,
    path,
    headers: lower(headers),
    requestContext: {},
    body,
    isBase64Encoded: false,
  }),
  "a load balancer with multi-value headers": ({ body = "", headers = {}, path = "/", method = "POST" }) => ({
    httpMethod: method,
    path,
    multiValueHeaders: multi(lower(headers)),
    requestContext: {},
    body,
    isBase64Encoded: false,
  }),
};

function inBase64(event: LambdaEvent): LambdaEvent {
  const bytes = new TextEncoder().encode(event.body ?? "");
  return { ...event, body: btoa(String.fromCharCode(...bytes)), isBase64Encoded: true };
}

function bot(options: Partial<WebhookOptions> = {}) {
  const seen: ReceivedUpdate[] = [];
  const hook = webhook((update) => {
    seen.push(update);
    return { method: "sendMessage", chat_id: 1, text: "Grüße" };
  }, { secretToken: SECRET, acknowledgeWithinMs: 55_000, mediaGroups: false, ...options });
  return { handler: toLambdaHandler(hook), seen };
}

for (const [service, eventOf] of Object.entries(SERVICES)) {
  describe(`an event of ${service}`, () => {
    for (const [form, encode] of Object.entries({ text: (event: LambdaEvent) => event, Base64: inBase64 })) {
      it(`is handled, with its body as ${form}`, async () => {
        const { handler, seen } = bot();
        const event = encode(eventOf({ body: JSON.stringify(UPDATE), headers: HEADERS }));
        const { statusCode, headers, multiValueHeaders, body, isBase64Encoded } = await handler(event, {});
        assert.equal(statusCode, 200);
        assert.deepEqual(JSON.parse(body), { method: "sendMessage", chat_id: 1, text: "Grüße" });
        assert.equal(isBase64Encoded, false);
        const type = service.endsWith("multi-value headers")
          ? multiValueHeaders?.["content-type"]?.join()
          : headers?.["content-type"];
        assert.equal(type, "application/json");
        assert.equal(
          (headers === undefined) === (multiValueHeaders === undefined),
          false,
          "one form, never both",
        );
        assert.deepEqual(seen, [UPDATE]);
      });

      it(`is refused as everywhere, with its body as ${form}`, async () => {
        const { handler, seen } = bot({ path: "/hook", maxBodyBytes: 200 });
        const status = async (delivery: Delivery) =>
          (await handler(encode(eventOf({ path: "/hook", headers: HEADERS, ...delivery })))).statusCode;
        assert.equal(await status({ method: "GET" }), 405);
        assert.equal(await status({ path: "/other" }), 404);
        assert.equal(await status({ headers: { ...HEADERS, "X-Telegram-Bot-Api-Secret-Token": "x" } }), 401);
        assert.equal(await status({ headers: {} }), 401);
        assert.equal(await status({}), 400);
        assert.equal(await status({ body: "{" }), 400);
        assert.equal(await status({ body: "{", headers: { ...HEADERS, "Content-Type": "text/plain" } }), 415);
        assert.equal(await status({ body: JSON.stringify(UPDATE).padEnd(198) }), 200); // "üß" are two bytes more
        assert.equal(await status({ body: JSON.stringify(UPDATE).padEnd(199) }), 413);
        assert.equal(await status({ body: `{"update_id":1,"message":{"text":"${"ü".repeat(90)}"}}` }), 413);
        assert.equal(seen.length, 1);
      });
    }
  });
}

describe("a Lambda handler", () => {
  const [url, rest, balancer] = Object.values(SERVICES).map((make) =>
    make({ body: JSON.stringify(UPDATE), headers: HEADERS })
  );

  it("has exactly two parameters, since Lambda refuses three", () => assert.equal(bot().handler.length, 2));

  it("knows the client's address, except behind a load balancer, which says it in a header", async () => {
    for (const event of [url, rest]) {
      assert.ok(event);
      assert.equal((await bot({ allowedAddresses: ["telegram"] }).handler(event)).statusCode, 200);
      assert.equal((await bot({ allowedAddresses: ["10.0.0.0/8"] }).handler(event)).statusCode, 403);
    }
    assert.ok(balancer);
    const { handler } = bot({ allowedAddresses: ["telegram"], trustedProxy: { addresses: "platform" } });
    const forwarded = { ...balancer, headers: { ...balancer.headers, "x-forwarded-for": ADDRESS } };
    assert.equal((await handler(forwarded)).statusCode, 200);
  });

  it("takes no secret that comes twice", async () => {
    assert.ok(rest);
    const twice = { ...rest.multiValueHeaders, "X-Telegram-Bot-Api-Secret-Token": [SECRET, SECRET] };
    assert.equal((await bot().handler({ ...rest, multiValueHeaders: twice })).statusCode, 401);
  });

  it("answers 500 while the receiver fails", async () => {
    assert.ok(url);
    const hook = webhook(() => Promise.reject(new Error("x")), { secretToken: SECRET, onError() {} });
    assert.equal((await toLambdaHandler(hook)(url)).statusCode, 500);
  });

  it("answers what is no such event, and is never rejected", async () => {
    const { handler } = bot();
    await consoleOf(async () => {
      for (
        const event of [undefined, null, 5, "x", {}, { Records: [] }, {
          body: 5,
          httpMethod: "POST",
          headers: HEADERS,
        }]
      ) {
        const { statusCode } = await handler(event as LambdaEvent);
        assert.ok(statusCode >= 400, String(statusCode));
      }
    });
  });

  it("takes what webhook() made and nothing else", () => {
    // @ts-expect-error: not a webhook
    assert.throws(() => toLambdaHandler(() => {}), { code: "ERR_OPTION" });
  });
});

it("the path is that of the URL: the one of a REST API's event lacks the stage", async () => {
  const { handler } = bot({ path: "/prod/hook" });
  const event = SERVICES["a REST API (1.0)"]?.({
    path: "/hook",
    headers: HEADERS,
    body: JSON.stringify(UPDATE),
  });
  const answerAt = async (path: string): Promise<number> => {
    const requestContext = { ...event?.requestContext, path };
    return (await handler({ ...event, requestContext })).statusCode;
  };
  assert.deepEqual([await answerAt("/prod/hook"), await answerAt("/test/hook")], [200, 404]);
});
