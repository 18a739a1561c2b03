import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { it } from "node:test";
import { type ReceivedUpdate, type UpdateHandlers, updateHandlers, webhook } from "../../mod.ts";
import { delivery, message, part, word } from "./bot.ts";

/*
 * What passes the guard is Telegram's, or that of somebody who knows the secret: whatever it holds, it is answered, and
 * ends neither the process nor the next start.
 */

/** What JSON can hold where Telegram has something else: the first throws wherever it is made text or a number of. */
const ODD: readonly unknown[] = [{ valueOf: 1, toString: 1 }, null, [], "text", -1.5, true];

/** Updates as Telegram sends them, of every kind that was seen. */
const CORPUS: readonly object[] = readFileSync(new URL("../fixtures/corpus.jsonl", import.meta.url), "utf8")
  .trimEnd().split("\n").map((line) => JSON.parse(line).update);

/** The value, once with each of the values in it replaced, down to those of its own objects' objects. */
function* variants(value: unknown, depth: number, odd: unknown): Generator<unknown> {
  yield odd;
  if (typeof value !== "object" || value === null || Array.isArray(value) || depth === 0) return;
  for (const [key, inner] of Object.entries(value)) {
    for (const variant of variants(inner, depth - 1, odd)) yield { ...value, [key]: variant };
  }
}

/** One of each kind, without what is in the others too. */
function samples(): object[] {
  const byShape = new Map<string, object>();
  for (const update of CORPUS) {
    const [kind = ""] = Object.keys(update).filter((key) => key !== "update_id");
    const isPart = JSON.stringify(update).includes("media_group_id");
    byShape.set(`${kind} ${isPart}`, update);
  }
  return [...byShape.values()];
}

for (const acknowledge of ["handled", "received"] as const) {
  it(`whatever an update holds in place of what it should, it is answered (${acknowledge})`, async () => {
    const errors: unknown[] = [];
    let received = 0;
    const hook = webhook(() => void received++, {
      secretToken: null,
      acknowledge,
      maxPending: 1e6,
      mediaGroups: { quietMs: 60_000, maxWaitMs: 60_000 },
      onError: (error) => void errors.push(error),
    });
    await hook(delivery(part(1, "pending"))); // so that the queue of everything that comes is asked for
    let id = 2;
    let taken = 0;
    for (const sample of samples()) {
      for (const odd of ODD) {
        for (const variant of variants(sample, 3, odd)) {
          const update = typeof variant === "object" && variant !== null && "update_id" in variant &&
              typeof variant.update_id === "number" && variant.update_id > 0
            ? { ...variant, update_id: id++ }
            : variant;
          const { status } = await hook(delivery(Object(update)));
          assert.ok(status === 200 || status === 400, `${status} for ${JSON.stringify(update)}`);
          if (status === 200) taken++;
        }
      }
    }
    await hook.close();
    assert.ok(taken > 1_000, `Only ${taken} of the variants were updates`);
    assert.deepEqual(errors, []);
    assert.ok(received > 0 && hook.stats().stored === 0);
  });
}

it("parts of an album with a message_id that cannot be sorted by are handed over as they are", async () => {
  const words: string[] = [];
  const hook = webhook((update) => void words.push(word(update)), { secretToken: null });
  const odd = { valueOf: 1, toString: 1 };
  for (const id of [1, 2]) {
    const response = await hook(delivery(part(id, "7", { message_id: odd as unknown as number })));
    assert.equal(response.status, 200);
  }
  assert.deepEqual(words, ["1", "2"]);
  await hook.close();
});

it("an album cannot come over the wire: it would be what telehook has never checked", async () => {
  const received: ReceivedUpdate[] = [];
  const take = (update: ReceivedUpdate) => void received.push(update);
  const handlers: UpdateHandlers = { message: take, message_media_group: take, unknown: take as () => void };
  const hook = webhook(updateHandlers(handlers), { secretToken: null });
  for (const kind of ["message_media_group", "channel_post_media_group", "business_message_media_group"]) {
    for (const album of [{}, null, 5, { updates: [message(1)] }]) {
      assert.equal((await hook(delivery({ update_id: 9, [kind]: album }))).status, 400);
      assert.equal((await hook(delivery({ ...message(9), [kind]: album }))).status, 400);
    }
  }
  assert.deepEqual(received, []);
});
