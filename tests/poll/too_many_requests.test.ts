import assert from "node:assert/strict";
import { it } from "node:test";
import { poll } from "../../mod.ts";
import { BOT_TOKEN } from "../bot_api/loopback_server.ts";

const NO_WEBHOOK = { url: "", has_custom_certificate: false, pending_update_count: 0 };
const TOO_MANY = {
  ok: false,
  error_code: 429,
  description: "Too Many Requests: retry after 2",
  parameters: { retry_after: 2 },
};

it("poll waits as long as a 429 asks, also beyond the time limit of a request", async (t) => {
  const timeout = AbortSignal.timeout;
  // The limit of a request is 100 ms instead of 10 s.
  t.mock.method(AbortSignal, "timeout", (ms: number) => timeout.call(AbortSignal, ms / 100));
  const askedAt: number[] = [];
  let askedTwice = () => {};
  const twice = new Promise<void>((resolve) => askedTwice = resolve);
  const fetch = (url: string) => {
    if (url.endsWith("/getWebhookInfo")) {
      return Promise.resolve(Response.json({ ok: true, result: NO_WEBHOOK }));
    }
    askedAt.push(performance.now());
    if (askedAt.length === 2) askedTwice();
    return Promise.resolve(Response.json(askedAt.length === 1 ? TOO_MANY : { ok: true, result: [] }));
  };
  await using poller = await poll(() => {}, { token: BOT_TOKEN, fetch, timeoutS: 0 });
  await twice;
  const [first = 0, second = 0] = askedAt;
  assert.ok(second - first >= 2_000, `${second - first} ms`);
  await poller.close();
});
