import assert from "node:assert/strict";
import type { Added, Batch, InboxStore } from "../../src/store/inbox_store.ts";
import { badNetwork } from "./bad_network.ts";
import { sharedRedis, skipWithoutOwnRedis, skipWithoutRedis, startRedis } from "./redis_server.ts";
import { claimSoon, clientFor, entry, ids, newName, openStore, sleep, test } from "./scope.ts";

/** The same numbers for the same seed. */
function numbersFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Repeats a call until it succeeds, as the inbox and Telegram's sender do. */
async function until<T>(call: () => T | Promise<T>): Promise<T> {
  for (let tries = 0;; tries++) {
    try {
      return await call();
    } catch (error) {
      if (tries > 100) throw error;
      await sleep(5);
    }
  }
}

test("scripts that the server has forgotten are sent again", skipWithoutRedis, async (t) => {
  const client = clientFor(t, await sharedRedis());
  const { store } = await openStore(t, client, { name: newName() });
  await store.add(entry(1), "append");
  await client.send("SCRIPT", ["FLUSH"]);
  const [batch] = await store.claim(1, 0);
  await client.send("SCRIPT", ["FLUSH"]);
  assert.ok(batch);
  await store.complete(batch, false);
  assert.equal((await store.stats()).updates, 0);
});

test("a server that is killed and started again has lost nothing", skipWithoutOwnRedis, async (t) => {
  const server = await startRedis("--appendfsync", "always");
  t.after(() => server.kill());
  const { store, heard } = await openStore(t, clientFor(t, server.url), { name: newName() });
  for (let id = 1; id <= 20; id++) await store.add(entry(id, { lane: id % 4 }), "append");
  const claimed = await store.claim(2, 0);
  const adding = Promise.allSettled([21, 22, 23].map((id) => store.add(entry(id), "append")));
  await server.restart();
  const added = await adding;
  for (const [i, { status }] of added.entries()) {
    // What failed may have happened all the same.
    if (status === "rejected") {
      assert.notEqual(await until(() => store.add(entry(21 + i), "append")), "alone");
    }
  }
  for (const batch of claimed) await until(() => store.complete(batch, false));
  const done = ids(claimed);
  while (done.length < 23) {
    for (const batch of await claimSoon(store)) {
      await store.complete(batch, false);
      done.push(...ids([batch]));
    }
  }
  assert.deepEqual([...done].sort((a, b) => a - b), Array.from({ length: 23 }, (_, i) => i + 1));
  for (const lane of [0, 1, 2, 3]) {
    const own = done.filter((id) => id <= 20 && id % 4 === lane);
    assert.deepEqual(own, [...own].sort((a, b) => a - b));
  }
  assert.deepEqual(heard.batches, [], "Its claims are still its own");
  assert.equal((await store.stats()).updates, 0);
});

test("a server that has lost everything is used again", skipWithoutOwnRedis, async (t) => {
  const server = await startRedis();
  t.after(() => server.kill());
  const client = clientFor(t, server.url);
  const { store, heard } = await openStore(t, client, { name: newName() });
  await store.add(entry(1), "append");
  await store.claim(1, 0);
  await client.send("FLUSHALL", []);
  assert.equal(await store.add(entry(2), "append"), "added");
  assert.deepEqual(ids(await store.claim(9, 0)), [2]);
  for (let tries = 0; heard.batches.length === 0 && tries < 200; tries++) await sleep(5);
  assert.deepEqual(ids(heard.batches), [1]);
});

test(
  "a network that drops, delays and cuts answers loses nothing and keeps the order",
  skipWithoutRedis,
  async (t) => {
    const url = await sharedRedis();
    const random = numbersFrom(7);
    const name = newName();
    const stores: InboxStore[] = [];
    const networks = await Promise.all([1, 2].map(async () => {
      const network = await badNetwork(url, random);
      t.after(() => network.close());
      const client = clientFor(t, network.url);
      stores.push((await openStore(t, client, { name, leaseMs: 600, subscriber: client })).store);
      return network;
    }));
    const direct = clientFor(t, url);
    const all = Array.from({ length: 200 }, (_, i) => i + 1);
    const albums = [201, 202, 203, 204, 205];
    const album = { key: "album", rules: { quietMs: 300, maxWaitMs: 5_000, mostParts: 10 } };
    for (const network of networks) network.failing = 0.15;

    const done: number[] = [];
    const pieces: number[][] = [];
    const running = new Set<string>();
    const handle = async (store: InboxStore, batch: Batch): Promise<void> => {
      const lane = `${batch.lane}`;
      assert.ok(!running.has(lane), `Lane ${lane} is handled twice at the same time`);
      running.add(lane);
      await sleep(3 * random());
      for (const id of ids([batch])) if (!done.includes(id)) done.push(id);
      if (batch.album !== undefined) pieces.push(ids([batch]));
      running.delete(lane); // before the call: the next one may be claimed while its answer is under way
      const isFirstTry = { value: true };
      const next = await until(() => {
        const claimNext = isFirstTry.value;
        isFirstTry.value = false;
        return store.complete(batch, claimNext);
      });
      if (next !== undefined) await handle(store, next);
    };
    const latest = performance.now() + 60_000;
    const isDone = () => done.length === all.length + albums.length;
    const [first = assert.fail(), second = assert.fail()] = stores;
    const senders = [0, 1, 2, 3, 4, 5, 6, 7].map(async (lane) => {
      for (const id of all.filter((each) => each % 8 === lane)) {
        const to = random() < 0.5 ? first : second;
        const added: Added = await until(() => to.add(entry(id, { lane }), "append"));
        assert.ok(added === "added" || added === "known");
      }
    });
    senders.push((async () => {
      for (const id of albums) {
        await until(() => (id % 2 === 0 ? first : second).add(entry(id, { lane: "album", album }), "append"));
      }
    })());
    const workers = stores.map(async (store) => {
      while (!isDone()) {
        assert.ok(performance.now() < latest, `Only ${done.length} are handled`);
        const batches = await until(() => store.claim(3, 0));
        await Promise.all(batches.map((batch) => handle(store, batch)));
        await sleep(2);
      }
    });
    await Promise.all([...senders, ...workers]);
    for (const network of networks) {
      assert.ok(network.hits > 2, `Only ${network.hits} answers were hit`);
      network.failing = 0;
    }
    assert.deepEqual([...done].sort((a, b) => a - b), [...all, ...albums]);
    for (let lane = 0; lane < 8; lane++) {
      const own = done.filter((id) => id <= all.length && id % 8 === lane);
      assert.deepEqual(own, [...own].sort((a, b) => a - b), `Lane ${lane} is in order`);
    }
    assert.deepEqual(pieces[0], albums, "The album is whole");
    for (let tries = 0; tries < 300; tries++) {
      if ((await first.stats()).updates === 0) break;
      for (const batch of await first.claim(9, 0)) await first.complete(batch, false);
      await sleep(10);
    }
    // Nothing is left but what is remembered, and who uses the store.
    const left = (await direct.send("KEYS", [`{telehook:${name}}:*`]) as string[]).map((key) =>
      key.split(":").at(-1)
    ).sort();
    assert.deepEqual(left, ["meta", "owners", "recent", "recent-albums", "wakes"]);
  },
);

test("a claim whose answer was lost is due again", skipWithoutRedis, async (t) => {
  const client = clientFor(t, await sharedRedis());
  let isLost = false;
  const { store } = await openStore(t, client, {
    name: newName(),
    leaseMs: 600,
    async send(command, args) {
      const answer = await client.send(command, args);
      if (isLost) throw new Error("The connection was closed");
      return answer;
    },
  });
  await store.add(entry(1), "append");
  isLost = true;
  await assert.rejects(store.claim(1, 0), { code: "ERR_STORE", message: /The connection was closed/ });
  await assert.rejects(store.add(entry(2, { lane: "other" }), "claim"), { code: "ERR_STORE" });
  isLost = false;
  const again = await store.add(entry(2, { lane: "other" }), "claim");
  assert.ok(typeof again === "object", "The call that is repeated has what the first one claimed");
  const [batch] = await claimSoon(store, 2_000);
  assert.deepEqual([ids([batch ?? assert.fail()]), batch?.crashes], [[1], 0]);
});

test("a call that a client sends twice claims the same", skipWithoutRedis, async (t) => {
  const client = clientFor(t, await sharedRedis());
  const { store } = await openStore(t, client, {
    name: newName(),
    async send(command, args) {
      await client.send(command, args);
      return await client.send(command, args);
    },
  });
  for (const id of [1, 2, 3]) {
    assert.equal(await store.add(entry(id, { lane: id % 2 }), "append"), "known"); // the second one's answer
  }
  const [one, two] = await store.claim(2, 0);
  assert.deepEqual([one, two].map((each) => each && ids([each])), [[1], [2]]);
  const next = await store.complete(one ?? assert.fail(), true);
  assert.deepEqual(next && ids([next]), [3]);
  const taken = await store.add(entry(4, { lane: 4 }), "claim");
  assert.ok(typeof taken === "object");
  for (const batch of [two, next, taken]) await store.complete(batch ?? assert.fail(), false);
  assert.deepEqual([store.count, (await store.stats()).updates], [0, 0]);
});

test(
  "what could not be completed is completed as soon as the server is there",
  skipWithoutRedis,
  async (t) => {
    const client = clientFor(t, await sharedRedis());
    let isAway = false;
    const { store, heard } = await openStore(t, client, {
      name: newName(),
      leaseMs: 900,
      send: (command, args) => isAway ? Promise.reject(new Error("away")) : client.send(command, args),
    });
    await store.add(entry(1), "append");
    const [batch = assert.fail()] = await store.claim(1, 0);
    isAway = true;
    await assert.rejects(store.complete(batch, true), /away/);
    await sleep(350);
    isAway = false;
    for (let tries = 0; (await store.stats()).updates > 0; tries++) {
      assert.ok(tries < 100);
      await sleep(10);
    }
    assert.deepEqual(heard.batches, []);
  },
);

test("batches are lost when no renewal succeeds for as long as the lease", skipWithoutRedis, async (t) => {
  const url = await sharedRedis();
  const network = await badNetwork(url, () => 1);
  t.after(() => network.close());
  const name = newName();
  const { store, heard } = await openStore(t, clientFor(t, network.url), { name, leaseMs: 1_200 });
  const other = await openStore(t, clientFor(t, url), { name, leaseMs: 1_200 });
  await store.add(entry(1), "append");
  await store.claim(1, 0);
  network.isSilent = true;
  const began = performance.now();
  while (heard.batches.length === 0) {
    assert.ok(performance.now() - began < 5_000, "It is not told");
    assert.deepEqual(ids(await other.store.claim(1, 0)), [], "Nobody takes over before it is told");
    await sleep(5);
  }
  assert.deepEqual(ids(heard.batches), [1]);
  assert.equal(heard.errors.length, 1, "Failing renewals are reported once");
  const [batch] = await claimSoon(other.store);
  assert.deepEqual([batch?.crashes, batch?.crashesAlone], [1, 1]);
  network.close();
});
