import assert from "node:assert/strict";
import { it } from "node:test";
import { type Update, webhook, type WebhookOptions } from "../../mod.ts";
import { delivery, message } from "./bot.ts";

/*
 * Types allow handlers to change what they get, and some do: databases that know documents by an id of their own, for one.
 */

const WAYS: readonly (readonly [title: string, options: Partial<WebhookOptions>])[] = [
  ["no store is needed", {}],
  ["it has a lane of its own", { lane: () => "one" }],
  ["it is acknowledged before that", { acknowledgeWithinMs: 20 }],
];

for (
  const [title, options, isLater] of WAYS.flatMap(([title, options]) =>
    [false, true].map((isLater) => [title, options, isLater] as const)
  )
) {
  it(`a handler that removes the update_id does not keep its update from being answered (${title}, ${isLater ? "later" : "at once"})`, async () => {
    let calls = 0;
    const isSlow = options.acknowledgeWithinMs !== undefined;
    const hook = webhook(async (update) => {
      calls++;
      const pause = () => new Promise((resolve) => setTimeout(resolve, isSlow ? 60 : 0));
      if (isLater) await pause();
      delete (update as Partial<Update>).update_id;
      if (!isLater) await pause();
      if (calls === 1 && !isSlow) throw new Error("This fails once");
    }, { secretToken: null, maxPending: 2, onError: () => {}, ...options });
    const statuses: number[] = [];
    for (const id of [1, 1, 1, 2, 3, 4]) {
      const late = new Promise<number>((resolve) => setTimeout(resolve, 2_000, 0).unref());
      statuses.push(await Promise.race([hook(delivery(message(id))).then(({ status }) => status), late]));
      if (isSlow) { while (hook.stats().running > 0) await new Promise((resolve) => setTimeout(resolve, 5)); }
    }
    assert.deepEqual(statuses, isSlow ? [200, 200, 200, 200, 200, 200] : [500, 200, 200, 200, 200, 200]);
    assert.equal(calls, isSlow ? 4 : 5);
    const { running, unanswered, stored } = hook.stats();
    assert.deepEqual({ running, unanswered, stored }, { running: 0, unanswered: 0, stored: 0 });
    await hook.close();
  });
}
