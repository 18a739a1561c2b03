import { strict as assert } from "node:assert";
import { test } from "node:test";
import { realClock, startTestBotApi, virtualClock } from "../../src/testing/mod.ts";
import { OK, rawWebhook, status } from "./raw_webhook.ts";
import { call, saying } from "./test_server.ts";

test("a virtual clock calls what falls due, in order and at its time", async () => {
  const clock = virtualClock(1000);
  const seen: string[] = [];
  const note = (name: string) => () => seen.push(`${name} at ${clock.now()}`);
  clock.after(20, note("late"));
  clock.after(10, () => {
    note("early")();
    clock.after(5, note("nested"));
  });
  const callOff = clock.after(12, note("never"));
  callOff();
  clock.after(31, note("not yet"));
  await clock.advance(30);
  assert.deepEqual(seen, ["early at 1010", "nested at 1015", "late at 1020"]);
  assert.equal(clock.now(), 1030);
});

test("a virtual clock waits for every server that lives by it, until that is closed", async (t) => {
  const clock = virtualClock();
  const answers = [status(500), OK];
  const webhook = await rawWebhook(t, () => answers.shift());
  const first = await startTestBotApi({ clock });
  const second = await startTestBotApi({ clock });
  t.after(() => Promise.all([first.close(), second.close()]));
  await call(first, "setWebhook", { url: `http://127.0.0.1:${webhook.port}` });
  const delivery = first.deliver(saying("hello"));
  await clock.advance(60_000);
  assert.deepEqual(delivery.attempts.map(({ answer }) => answer?.status), [500, 200]);
  const [, { sentAt } = assert.fail()] = delivery.attempts;
  assert.equal(clock.now() - sentAt, 60_000);

  let settled = 0;
  const leave = clock.settleWith(() => Promise.resolve(void settled++));
  await clock.advance(1);
  leave();
  await clock.advance(1);
  assert.equal(settled, 1);
});

test("a time scale makes time pass faster", async (t) => {
  const telegram = await startTestBotApi({ timeScale: 1000 });
  t.after(() => telegram.close());
  const answers = [status(500), status(500), status(500), OK];
  const webhook = await rawWebhook(t, () => answers.shift());
  await call(telegram, "setWebhook", { url: `http://127.0.0.1:${webhook.port}` });
  const started = performance.now();
  const { attempts } = await telegram.deliver(saying("hello"));
  assert.ok(performance.now() - started < 1000);
  const first = attempts[0]?.sentAt ?? 0;
  assert.ok((attempts[3]?.sentAt ?? 0) - first >= 6000);
});

test("a time scale of nothing is refused", () => {
  assert.throws(() => realClock(0), { code: "ERR_OPTION" });
  assert.throws(() => realClock(Number.NaN), { code: "ERR_OPTION" });
});

test("a bot that owes an answer for longer than the patience does not stop time", async (t) => {
  const telegram = await startTestBotApi({ clock: virtualClock() });
  t.after(() => telegram.close());
  const webhook = await rawWebhook(t, () => undefined);
  await call(telegram, "setWebhook", { url: `http://127.0.0.1:${webhook.port}` });
  const delivery = telegram.deliver(saying("hello"));
  await webhook.until(() => webhook.requests.length === 1);
  await telegram.clock.advance(60_000, { patienceMs: 5 });
  assert.equal(delivery.attempts.length, 1);
});
