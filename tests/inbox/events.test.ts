import assert from "node:assert/strict";
import { it } from "node:test";
import { bot, gate, message, part, word } from "./bot.ts";

it("events tell the whole story, and a listener that throws changes nothing", async () => {
  const story: string[] = [];
  const steps: string[] = [];
  const slow = gate();
  const { hook, post } = bot(async (update, { attempt }) => {
    if (update.update_id === 2 && attempt === 1) throw new Error("once");
    if (update.update_id === 5) await slow.opened;
  }, {
    acknowledgeWithinMs: 500,
    onEvent: (event) => {
      if (["received", "started", "answered"].includes(event.type)) steps.push(event.type);
      else if (event.type === "refused") story.push(`refused ${event.status}`);
      else if ("update" in event) story.push(`${event.type} ${word(event.update)}`);
      else story.push(event.type);
      if ("durationMs" in event) assert.ok(event.durationMs >= 0 && event.durationMs < 5_000);
      throw new Error("from a listener");
    },
  });
  await post(message(1));
  await post(message(1));
  await post(message(2));
  await post(message(2));
  await post(part(3, "7"));
  await post(message(4));
  await post(message(5));
  await post({ nothing: true });
  slow.open();
  await hook.close();
  await post(message(6));
  assert.deepEqual(story, [
    "handled 1",
    "duplicate 1",
    "failed 2",
    "handled 2",
    "acknowledgedEarly 3",
    "mediaGroup [3]",
    "handled [3]",
    "handled 4",
    "acknowledgedEarly 5",
    "refused 400",
    "handled 5",
    "refused 503",
  ]);
  assert.deepEqual(steps.slice(0, 5), ["received", "started", "answered", "received", "answered"]);
  assert.deepEqual(hook.stats(), {
    handled: 5,
    failed: 1,
    postponed: 0,
    givenUp: 0,
    parked: 0,
    duplicates: 1,
    acknowledgedEarly: 2,
    mediaGroups: 1,
    refused: 2,
    repliesSent: 0,
    repliesFailed: 0,
    storeFailures: 0,
    running: 0,
    unanswered: 0,
    stored: 0,
    isOutage: false,
  });
});

it("a listener to events may be async, and reject", async () => {
  const { hook, post } = bot(() => {}, { onEvent: () => Promise.reject(new Error("from a listener")) });
  assert.equal(await post(message(1)), 200);
  await new Promise((resolve) => setTimeout(resolve, 0)); // by when Node would have ended the process
  await hook.close();
});
