import assert from "node:assert/strict";
import { it, type TestContext } from "node:test";
import {
  GiveUp,
  type ReceivedUpdate,
  type Receiver,
  RetryLater,
  sqliteStore,
  updateHandlers,
  updateStreams,
  webhook,
  type WebhookOptions,
} from "../../mod.ts";
import { freshPath, hasSqlite } from "../store/sqlite_store_files.ts";
import { gate, inChat, Log, message, parkedIn, part, word } from "./bot.ts";

const skip = !hasSqlite && "node:sqlite takes Node 22.13";

/** Starts of one bot after another, on one file. */
function restarts(play: (start: typeof webhook) => Promise<void>): (t: TestContext) => Promise<void> {
  return (t) => {
    const path = freshPath(t);
    return play((receiver: Receiver, options: Partial<WebhookOptions> = {}) =>
      webhook(receiver, { onError: () => {}, ...options, secretToken: null, store: sqliteStore(path) })
    );
  };
}

it(
  "what was acknowledged and not handled is handled first at the next start, in order",
  { skip },
  restarts(async (start) => {
    const first = start(() => new Promise(() => {}), { secretToken: null, acknowledgeWithinMs: 10 });
    await first.receive(message(1)); // its receiver hangs
    await first.receive(message(2)); // it waits behind that
    await first.receive(part(3, "7"));
    await first.receive(part(4, "7")); // which a store that outlives the process keeps when it closes
    await first.close({ timeoutMs: 0 });

    const log = new Log();
    const second = start((update, { attempt }) => log.add(`${word(update)} ${attempt}`), {
      secretToken: null,
    });
    assert.deepEqual(log.words, [], "not before whoever starts it has it");
    await second.receive(message(5));
    assert.deepEqual(log.words, ["1 2", "2 1", "[3 4] 1", "5 1"]);
    await second.close();
  }),
);

for (const acknowledge of ["handled", "received"] as const) {
  it(
    `what nothing but a process's end can end is parked in the end, though that closes each time: "${acknowledge}"`,
    { skip },
    restarts(async (start) => {
      const errors: string[] = [];
      const attempts = new Log();
      const hang = (_: ReceivedUpdate, { attempt }: { attempt: number }) => {
        attempts.add(String(attempt));
        return new Promise<void>(() => {});
      };
      const onError = (error: unknown, { willRetry }: { willRetry: boolean }) => {
        errors.push(`${(error as { code?: string }).code} ${willRetry}`);
      };
      const alive = setInterval(() => {}, 1_000); // what another process has added is no reason to live
      for (let n = 1; n <= 3; n++) {
        const bot = start(hang, { secretToken: null, acknowledge, maxAttempts: 3, onError });
        const answer = n === 1 ? bot.receive(message(1)) : bot.receive(part(1 + n, "7")); // which opens the store
        await attempts.has(n);
        await bot.close({ timeoutMs: 0 });
        await answer; // the store has it
      }
      clearInterval(alive);
      assert.deepEqual([attempts.words, errors], [["1", "2", "3"], ["ERR_GIVEN_UP false"]]);
      const last = start(() => {}, { secretToken: null });
      const parked = (await parkedIn(last)).flatMap(({ id, attempts }) => [id, attempts]);
      assert.deepEqual(parked, [1, 3]);
      await last.close();
    }),
  );
}

it(
  "what throws when closing aborts it has failed no more than what hangs, and is parked in the end",
  { skip },
  restarts(async (start) => {
    const alive = setInterval(() => {}, 1_000); // what another process has added is no reason to live
    const errors: string[] = [];
    for (let n = 1; n <= 2; n++) {
      const log = new Log();
      const bot = start((update, { signal }) => {
        log.add(word(update));
        if (update.update_id !== 1) return;
        return new Promise((_, reject) =>
          signal.addEventListener("abort", () => reject(new Error("canceled")))
        );
      }, {
        ...{ secretToken: null, acknowledge: "received", maxAttempts: 2 },
        onError: (error, { willRetry }) => {
          errors.push(`${(error as { code?: string }).code ?? "canceled"} ${willRetry}`);
        },
      });
      if (n === 1) await bot.receive(message(1));
      for (const id of [2, 3]) await bot.receive(inChat(id, 10 * n + id)); // others succeed
      await log.has(3);
      await bot.close({ timeoutMs: 0 });
    }
    clearInterval(alive);
    assert.deepEqual(errors, ["canceled true", "canceled true", "ERR_GIVEN_UP false"]);
    const last = start(() => {}, { secretToken: null });
    const parked = (await parkedIn(last)).flatMap(({ id, attempts }) => [id, attempts]);
    assert.deepEqual(parked, [1, 2]);
    await last.close();
  }),
);

it(
  "what gives itself up when closing aborts it is parked",
  { skip },
  restarts(async (start) => {
    const log = new Log();
    const options = { secretToken: null, acknowledge: "received" } as const;
    const first = start((update, { signal }) => {
      log.add(word(update));
      return new Promise((_, reject) =>
        signal.addEventListener("abort", () => reject(new GiveUp("too late")))
      );
    }, options);
    for (const id of [1, 2]) await first.receive(inChat(id, id));
    await log.has(2);
    await first.close({ timeoutMs: 0 });
    const second = start((update) => log.add(word(update)), options);
    const parked = (await parkedIn(second)).map(({ id }) => id);
    assert.deepEqual(parked, [1, 2]);
    await second.close();
  }),
);

it(
  "what a stream's loop handles when a process closes counts alone, and not what it has not read",
  { skip },
  restarts(async (start) => {
    for (let n = 1; n <= 2; n++) {
      const streams = updateStreams({ bufferSize: 0 });
      const messages = streams.all()[Symbol.asyncIterator]();
      const bot = start(streams, {
        secretToken: null,
        acknowledge: "received",
        lane: () => null,
        maxAttempts: 2,
      });
      if (n === 1) { for (const id of [1, 2, 3]) await bot.receive(message(id)); }
      else await bot.receive(part(4, "7")); // which opens the store
      const alive = setInterval(() => {}, 1_000);
      const read: number[] = [];
      do read.push((await messages.next()).value?.update_id ?? 0); while (read.at(-1) !== 1);
      clearInterval(alive);
      await bot.close({ timeoutMs: 0 });
    }
    const log = new Log();
    const last = start((update) => log.add(word(update)), { secretToken: null });
    const parked = (await parkedIn(last)).map(({ id }) => id);
    assert.deepEqual(parked, [1]);
    await last.close();
    assert.ok(!log.words.includes("1"));
  }),
);

it(
  "what has its process close is parked in the end, though others run each time that are new",
  { skip },
  restarts(async (start) => {
    const alive = setInterval(() => {}, 1_000);
    for (let n = 1; n <= 4; n++) {
      const begun = new Set<number>();
      const log = new Log();
      const bot = start((update, { attempt }) => {
        if (update.update_id > 1 && attempt > 1) return; // what was new is handled at the next start
        begun.add(update.update_id);
        log.add(word(update));
        return new Promise(() => {});
      }, { secretToken: null, acknowledge: "received", lane: () => null, maxAttempts: 2 });
      if (n === 1) await bot.receive(message(1));
      await bot.receive(message(1 + n));
      await log.has(2);
      assert.deepEqual([...begun].toSorted(), [1, 1 + n]);
      await bot.close({ timeoutMs: 0 });
    }
    clearInterval(alive);
    const last = start(() => {}, { secretToken: null });
    const parked = (await parkedIn(last)).flatMap(({ id, attempts }) => [id, attempts]);
    assert.deepEqual(parked, [1, 4]);
    await last.close();
  }),
);

it(
  "what was not alone, or asks for another time, has not failed though a process closes before it has ended",
  { skip },
  restarts(async (start) => {
    const tell = async (play: (ids: readonly number[]) => Promise<void>) => {
      for (const ids of [[1, 2], [3]]) await play(ids);
    };
    await tell(async (ids) => {
      const log = new Log();
      const options = {
        secretToken: null,
        acknowledge: "received",
        maxAttempts: 1,
        lane: () => null,
      } as const;
      const first = start((update, { signal }) => {
        log.add(word(update));
        return new Promise<void>((_, reject) => {
          if (ids.length > 1) return;
          signal.addEventListener("abort", () => reject(new RetryLater({ afterMs: 1 })));
        });
      }, options);
      for (const id of ids) await first.receive(message(id));
      await log.has(ids.length);
      await first.close({ timeoutMs: 0 });
      const second = start((update) => log.add(word(update)), options);
      for await (const { id } of second.parked()) assert.fail(`${id} is parked`);
      await log.has(2 * ids.length);
      await second.close();
    });
  }),
);

it(
  "what was handled before the restart is known after it, should its answer have been lost",
  { skip },
  restarts(async (start) => {
    const log = new Log();
    const { opened, open } = gate();
    const first = start(() => opened, { secretToken: null, acknowledgeWithinMs: 10 });
    await first.receive(message(1));
    open();
    await first.close();
    const second = start((update) => log.add(word(update)), { secretToken: null });
    await second.receive(message(1));
    await second.receive(message(2));
    await second.close();
    assert.deepEqual(log.words, ["2"]);
  }),
);

it(
  "what failed before the restart is tried again after it, as another attempt",
  { skip },
  restarts(async (start) => {
    const log = new Log();
    const options = { secretToken: null, acknowledge: "received" } as const;
    const receiver = (update: ReceivedUpdate, { attempt }: { attempt: number }) => {
      log.add(`${word(update)} ${attempt}`);
      if (attempt === 1) throw new Error("no");
    };
    const first = start(receiver, options);
    await first.receive(message(1));
    await log.has(1);
    await first.close();
    const alive = setInterval(() => {}, 1_000); // what another process has added is no reason to live
    const second = start(receiver, options);
    await log.has(2);
    await second.close();
    clearInterval(alive);
    assert.deepEqual(log.words, ["1 1", "1 2"]);
  }),
);

it(
  "a part of an album that comes while this closes is kept with the others, and a text is not",
  { skip },
  restarts(async (start) => {
    const log = new Log();
    const options = { secretToken: null, mediaGroups: { quietMs: 1_000 } } as const;
    const album = updateHandlers({
      message: (update) => log.add(word(update)),
      message_media_group: (update) => log.add(word(update)),
    });
    const first = start(album, options);
    await first.receive(part(1, "a"));
    const closed = first.close();
    await first.receive(part(2, "a")); // a second later, Telegram would be too late for its album
    await assert.rejects(first.receive(inChat(9, 7)), { code: "ERR_CLOSED" });
    await closed;
    await assert.rejects(first.receive(part(3, "a")), { code: "ERR_CLOSED" });
    const second = start(album, options);
    await second.receive(part(3, "a"));
    await second.receive(message(4)); // the end of the album
    await log.has(2);
    await second.close();
    assert.deepEqual(log.words, ["[1 2 3]", "4"]);
  }),
);

it(
  "what another process leaves behind is handled by one that has nothing to do",
  { skip },
  async (t) => {
    const path = freshPath(t);
    const log = new Log();
    const alive = setInterval(() => {}, 1_000); // to look around is no reason to live
    const idle = webhook((update) => log.add(word(update)), { secretToken: null, store: sqliteStore(path) });
    await idle.receive(message(1));
    const other = sqliteStore(path);
    await other.open({ wake: () => {}, lost: () => {}, failed: () => {} });
    await other.add({
      ...{ update: message(2), json: undefined, lane: "another", chars: 1, album: undefined, reservedMs: 0 },
      tries: { attempts: 0, failures: 0 },
    }, "append");
    await other.close();
    await log.has(2);
    assert.deepEqual(log.words, ["1", "2"]);
    clearInterval(alive);
    await idle.close();
  },
);
