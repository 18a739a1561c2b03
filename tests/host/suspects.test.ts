import assert from "node:assert/strict";
import { it } from "node:test";
import { type Batch, type BotHost, botHost, type InboxStore, type Receiver, sqliteStore } from "../../mod.ts";
import { MemoryStore } from "../../src/store/memory/memory_store.ts";
import { freshPath, hasSqlite } from "../store/sqlite_store_files.ts";
import { gate, Log, message } from "../inbox/bot.ts";

const ONE = "1001:AAone";
const TWO = "1002:AAtwo";

/** A store of a bot whose process has ended that often while the bot had nothing else. */
function storeAfter(crashes: number): InboxStore {
  const store = new MemoryStore();
  const claim = store.claim.bind(store);
  const value = { value: crashes };
  return Object.assign(store, {
    claim(...args: Parameters<typeof claim>): readonly Batch[] {
      return claim(...args).map((batch) =>
        Object.defineProperties(batch, { crashes: value, crashesAlone: value })
      );
    },
  });
}

async function receive(host: BotHost, token: string, id: number): Promise<void> {
  await host.get(await host.add(token))?.receive(message(id));
}

it("an update that was alone in its bot's store is on trial before it is given up, while no suspect of another bot runs", async (t) => {
  const log = new Log();
  const { opened, open } = gate();
  t.after(open);
  const host = botHost(async ({ update_id: id }) => {
    log.add(`${id} began`);
    await opened;
    log.add(`${id} ended`);
  }, {
    acknowledge: "received",
    maxAttempts: 3,
    store: (id) => storeAfter(id === 1003 ? 4 : 3),
    onError: (error, { update }) => {
      if ((error as { code?: string }).code === "ERR_GIVEN_UP") log.add(`${update.update_id} given up`);
    },
  });
  await receive(host, ONE, 1);
  await log.has(1);
  await receive(host, TWO, 2);
  await receive(host, "1003:AAthree", 3); // its trial has ended a process too
  await log.has(2);
  assert.deepEqual(log.words, ["1 began", "3 given up"]);
  open();
  await log.has(5);
  assert.deepEqual(log.words.filter((word) => /^[12] /.test(word)), [
    "1 began",
    "1 ended",
    "2 began",
    "2 ended",
  ]);
  await host.close();
});

for (const heeds of [false, true]) {
  it(
    `no bot's update has failed though it was alone in its store as the host closed, if others were running${
      heeds ? ", which end when they are aborted" : ""
    }`,
    { skip: !hasSqlite && "node:sqlite takes Node 22.13" },
    async (t) => {
      const paths = [freshPath(t), freshPath(t)];
      const start = (receiver: Receiver) =>
        botHost(receiver, {
          acknowledge: "received",
          maxAttempts: 1,
          store: (id) => sqliteStore(paths[id - 1001] ?? ""),
          onError: () => {},
        });
      const log = new Log();
      const first = start((_, { signal }) => {
        log.add("began");
        return new Promise((_, reject) => {
          signal.addEventListener("abort", () => heeds && reject(signal.reason));
        });
      });
      await receive(first, ONE, 1);
      await receive(first, TWO, 2);
      await log.has(2);
      await first.close({ timeoutMs: 0 });
      const second = start(() => log.add("handled"));
      for (const token of [ONE, TWO]) {
        const bot = second.get(await second.add(token));
        for await (const { id } of bot?.parked() ?? []) assert.fail(`${id} is parked`);
      }
      await log.has(4);
      await second.close();
    },
  );
}

it(
  "an update that has its host closed each time is parked, though another bot always has something new under way",
  {
    skip: !hasSqlite && "node:sqlite takes Node 22.13",
  },
  async (t) => {
    const paths = [freshPath(t), freshPath(t)];
    const alive = setInterval(() => {}, 1_000); // what another process has added is no reason to live
    t.after(() => clearInterval(alive));
    const errors: string[] = [];
    for (let n = 1; n <= 3; n++) {
      const log = new Log();
      const host = botHost((update, { attempt, signal }) => {
        if (update.update_id > 1 && attempt > 1) return;
        log.add(`${update.update_id}`);
        return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
      }, {
        acknowledge: "received",
        maxAttempts: 1,
        store: (id) => sqliteStore(paths[id - 1001] ?? ""),
        onError: (_, { update, willRetry }) => void errors.push(`${update.update_id} ${willRetry}`),
      });
      if (n === 1) await receive(host, ONE, 1);
      else await host.add(ONE);
      await receive(host, TWO, 1 + n);
      await log.has(2);
      await host.close({ timeoutMs: 0 });
    }
    assert.deepEqual(errors, ["1 false"]);
  },
);
