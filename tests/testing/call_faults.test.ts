import { strict as assert } from "node:assert";
import { test } from "node:test";
import { call, frozen, saying } from "./test_server.ts";

test("a gateway answers getUpdates with 502 and HTML", async (t) => {
  const telegram = await frozen(t);
  telegram.callFaults.add(
    { answer: { status: 502, body: "<html>Bad Gateway</html>", contentType: "text/html" } },
    { method: "getUpdates" },
  );
  assert.equal((await call(telegram, "getMe")).status, 200);
  const response = await fetch(`${telegram.apiRoot}/bot${telegram.token}/getUpdates`);
  assert.deepEqual([response.status, response.headers.get("content-type")], [502, "text/html"]);
  assert.equal(await response.text(), "<html>Bad Gateway</html>");
  assert.equal((await call(telegram, "getUpdates")).status, 200);
});

test("a call is refused with 429 and retry_after", async (t) => {
  const telegram = await frozen(t);
  telegram.callFaults.add({ tooManyRequests: 5 }, { times: 2 });
  for (const method of ["getUpdates", "sendMessage"]) {
    const { status, parameters, headers } = await call(telegram, method);
    assert.deepEqual([status, parameters, headers.get("retry-after")], [429, { retry_after: 5 }, "5"]);
  }
  assert.equal((await call(telegram, "getUpdates")).status, 200);
});

test("another instance polls: as a fault, and really", async (t) => {
  const telegram = await frozen(t);
  telegram.callFaults.add({ conflict: true }, { method: "getupdates" });
  assert.match(
    String((await call(telegram, "getUpdates")).description),
    /terminated by other getUpdates request/,
  );

  const poll = call(telegram, "getUpdates", { timeout: 30 });
  while (!telegram.isPolled) await new Promise((resolve) => setImmediate(resolve));
  const elsewhere = telegram.pollElsewhere({ timeout: 30 });
  assert.equal((await poll).status, 409);
  telegram.deliver(saying("hello"));
  assert.equal((await elsewhere).length, 1);
});

for (const breakConnection of ["before call", "before answer", "during answer"] as const) {
  test(`a connection breaks ${breakConnection}`, async (t) => {
    const telegram = await frozen(t);
    telegram.callFaults.add({ breakConnection }, { method: "sendMessage" });
    await assert.rejects(call(telegram, "sendMessage", { chat_id: 5, text: "hi" }));
    assert.equal(telegram.calls.length, breakConnection === "before call" ? 0 : 1);
  });
}

test("a call stalls until the bot gives up", async (t) => {
  const telegram = await frozen(t);
  telegram.callFaults.add({ stall: true }, { method: "getUpdates" });
  const controller = new AbortController();
  const url = `${telegram.apiRoot}/bot${telegram.token}/getUpdates`;
  const poll = fetch(url, { signal: controller.signal });
  await call(telegram, "getMe");
  controller.abort();
  await assert.rejects(poll);
  assert.equal((await fetch(`${url}?offset=1`)).status, 200);
});

test("a call is delayed on the test server's clock", async (t) => {
  const telegram = await frozen(t);
  telegram.callFaults.add({ delayMs: 5000 }, { method: "sendMessage" });
  const sent = call(telegram, "sendMessage", { chat_id: 5, text: "hi" });
  await call(telegram, "getMe");
  assert.equal(telegram.calls.length, 0);
  while (telegram.calls.length === 0) {
    await telegram.clock.advance(5000);
    await call(telegram, "getMe");
  }
  assert.equal((await sent).status, 200);
});

test("getUpdates gives a partial batch", async (t) => {
  const telegram = await frozen(t);
  for (let chat = 1; chat <= 5; chat++) telegram.deliver(saying("hi", chat));
  telegram.callFaults.add({ atMost: 2 }, { method: "getUpdates" });
  const { result } = await call(telegram, "getUpdates");
  assert.ok(Array.isArray(result));
  assert.equal(result.length, 2);
});

test("faults of calls can be called off", async (t) => {
  const telegram = await frozen(t);
  telegram.callFaults.add({ conflict: "Conflict: no" });
  telegram.callFaults.clear();
  assert.equal((await call(telegram, "getUpdates")).status, 200);
});
