import assert from "node:assert/strict";
import { it } from "node:test";
import {
  type FailureDetails,
  type ListenOptions,
  type ReceivedUpdate,
  type Receiver,
  setWebhookAndListen,
  TelehookError,
  updateHandlers,
  type WebhookServer,
} from "../../mod.ts";
import { freePort, startTestBotApi, type TestBotApi } from "../../src/testing/mod.ts";
import { albumIn, gate, Log } from "./bot.ts";

/*
 * Albums and guarantees end to end: a server that delivers as Telegram does, over real sockets, to this runtime's own
 * adapter.
 */
async function exchange(
  receiver: Receiver,
  options: Omit<Partial<ListenOptions>, "secretToken">,
  play: (telegram: TestBotApi, server: WebhookServer) => Promise<void>,
): Promise<void> {
  const telegram = await startTestBotApi({ timeScale: 20 });
  const port = await freePort();
  const { apiRoot, token } = telegram;
  const server = await setWebhookAndListen(receiver, {
    token,
    apiRoot,
    hostname: "127.0.0.1",
    port,
    webhook: { url: `http://127.0.0.1:${port}/telegram` },
    ...options,
  });
  try {
    await play(telegram, server);
    assert.deepEqual(telegram.violations, []);
  } finally {
    await server.close();
    await telegram.close();
  }
}

const NEVER = { quietMs: 60_000, maxWaitMs: 60_000 };
const photos = (count: number) =>
  Array.from({ length: count }, (_, i) => ({ photo: true, caption: `photo ${i + 1}` } as const));

function words(update: ReceivedUpdate): string {
  const album = albumIn(update);
  if (album !== undefined) return album.messages.map(({ caption }) => caption).join(", ");
  return "message" in update ? update.message.text ?? update.message.caption ?? "?" : "?";
}

it("an album of ten arrives once, in order, with each caption, within 50 ms of its tenth part", async () => {
  const log = new Log();
  let handledAt = 0;
  const receiver = (update: ReceivedUpdate) => {
    handledAt = performance.now();
    log.add(words(update));
  };
  await exchange(receiver, { mediaGroups: NEVER }, async (telegram) => {
    const { parts } = telegram.user().sendsAlbum(photos(10));
    await parts[8];
    const ninthAt = performance.now(); // the tenth part is not even sent before this
    await log.has(1);
    assert.ok(handledAt - ninthAt < 50, `${handledAt - ninthAt} ms`);
  });
  assert.deepEqual(log.words, [photos(10).map(({ caption }) => caption).join(", ")]);
});

it("an album of three followed by a text arrives before the text", async () => {
  const log = new Log();
  await exchange((update) => log.add(words(update)), { mediaGroups: NEVER }, async (telegram) => {
    const anna = telegram.user();
    anna.sendsAlbum(photos(3));
    await anna.sends("nice, eh?");
    assert.deepEqual(log.words, ["photo 1, photo 2, photo 3", "nice, eh?"]);
  });
});

it("parts arrive unmerged and undelayed when only message is handled", async () => {
  const log = new Log();
  const bot = updateHandlers({ message: (update) => log.add(words(update)) });
  await exchange(bot, { mediaGroups: NEVER }, async (telegram) => {
    telegram.user().sendsAlbum(photos(3));
    await telegram.idle();
    assert.deepEqual(log.words, ["photo 1", "photo 2", "photo 3"]);
  });
});

it("albums of many chats at once are not mixed", async () => {
  const log = new Log();
  await exchange((update) => log.add(words(update)), { mediaGroups: NEVER }, async (telegram) => {
    for (let i = 2; i <= 10; i++) {
      const person = telegram.user();
      person.sendsAlbum(photos(i).map((photo) => ({ ...photo, caption: `${i}` })));
      person.sends(`end ${i}`);
    }
    await telegram.idle();
  });
  const expected = Array.from(
    { length: 9 },
    (_, i) => [Array(i + 2).fill(`${i + 2}`).join(", "), `end ${i + 2}`],
  ).flat();
  assert.deepEqual(log.words.toSorted(), expected.toSorted());
});

it("what Telegram sends twice is handled once: the answer was lost, or the connection broke", async () => {
  const log = new Log();
  await exchange((update) => log.add(words(update)), { mediaGroups: NEVER }, async (telegram) => {
    const anna = telegram.user();
    telegram.faults.add({ loseAnswer: true });
    await anna.sends("one");
    telegram.faults.add({ breakConnection: "during answer" });
    await anna.sends("two");
    telegram.faults.add({ duplicate: true });
    await anna.sends("three");
    telegram.faults.add({ loseAnswer: true }, { times: 2 });
    anna.sendsAlbum(photos(2));
    await anna.sends("four");
    assert.deepEqual(log.words, ["one", "two", "three", "photo 1, photo 2", "four"]);
  });
});

it("a receiver that fails gets the update again from Telegram, and the chat goes on after maxAttempts", async () => {
  const log = new Log();
  const failures: FailureDetails[] = [];
  const receiver = (update: ReceivedUpdate, { attempt }: { attempt: number }) => {
    log.add(`${words(update)} ${attempt}`);
    if (words(update) === "poison" || (words(update) === "cure" && attempt < 2)) {
      throw new Error("on purpose");
    }
  };
  const onError = (error: unknown, details: FailureDetails) => {
    if (!(error instanceof TelehookError)) failures.push(details); // not what is said of a store in memory
  };
  await exchange(receiver, { maxAttempts: 3, onError }, async (telegram) => {
    const [anna, ben] = [telegram.user(), telegram.user()];
    anna.sends("poison");
    await ben.sends("well"); // so that the update is to blame, and not everything
    const { attempts } = await anna.sends("cure");
    assert.deepEqual(attempts.map(({ answer }) => answer?.status), [500, 200]);
  });
  // The first failure counts, and those since another chat was well.
  const handled = log.words.filter((each) => each !== "well 1");
  const poisoned = handled.length - 2;
  assert.ok(poisoned >= 3 && poisoned <= 4, handled.join(", "));
  assert.deepEqual(handled, [
    ...Array.from({ length: poisoned }, (_, i) => `poison ${i + 1}`),
    "cure 1",
    "cure 2",
  ]);
  assert.deepEqual(failures.map(({ willRetry }) => willRetry), [
    ...Array.from({ length: poisoned }, (_, i) => i < poisoned - 1),
    true,
  ]);
});

it("a receiver that hangs does not hold up its sender, and keeps its chat's order", async () => {
  const hanging = gate();
  const log = new Log();
  const receiver = async (update: ReceivedUpdate) => {
    if (words(update) === "slow") await hanging.opened;
    log.add(words(update));
  };
  await exchange(receiver, { acknowledgeWithinMs: 30 }, async (telegram) => {
    const [anna, ben] = [telegram.user(), telegram.user()];
    await anna.sends("slow");
    anna.sends("after slow");
    await ben.sends("elsewhere");
    assert.deepEqual(log.words, ["elsewhere"]);
    hanging.open();
    await log.has(3);
    assert.deepEqual(log.words, ["elsewhere", "slow", "after slow"]);
  });
});

it("while closing, Telegram keeps what it has, and sends it to the next start", async () => {
  const log = new Log();
  const telegram = await startTestBotApi({ timeScale: 20 });
  const port = await freePort();
  const start = (name: string) =>
    setWebhookAndListen((update) => log.add(`${name}: ${words(update)}`), {
      token: telegram.token,
      apiRoot: telegram.apiRoot,
      hostname: "127.0.0.1",
      port,
      webhook: { url: `http://127.0.0.1:${port}/` },
      mediaGroups: NEVER,
    });
  const first = await start("first");
  const anna = telegram.user();
  anna.sendsAlbum(photos(2));
  await telegram.idle();
  await first.close();
  const sent = anna.sends("between");
  await sent.delivery.attempt(1);
  const second = await start("second");
  await sent;
  await second.close();
  await telegram.close();
  assert.deepEqual(log.words, ["first: photo 1, photo 2", "second: between"]);
});
