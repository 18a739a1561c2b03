import assert from "node:assert/strict";
import { codeOf } from "../inbox/bot.ts";
import { pause } from "../../src/platform/pause.ts";
import { sharedRedis, skipWithoutOwnRedis, skipWithoutRedis, startRedis } from "./redis_server.ts";
import { test } from "../scoped_it.ts";
import { badNetwork } from "../store/bad_network.ts";
import { runOnBadNetworks } from "../store/bad_network_run.ts";
import { redisStore } from "../../src/store/redis/mod.ts";
import { SCRIPTS } from "../../src/store/redis/redis_scripts.ts";
import { runLostRetry } from "../store/lost_retry_run.ts";
import { runRestart } from "../store/restart_run.ts";
import { claimSoon, entry, ids, losing, newName, repeating } from "../store/server_store.ts";
import { clientFor, openStore } from "./scope.ts";

const until = repeating(100, 5);

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
  await runRestart({ store, heard, restart: server.restart, claim: claimSoon, until });
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
  for (let tries = 0; heard.batches.length === 0 && tries < 200; tries++) await pause(5);
  assert.deepEqual(ids(heard.batches), [1]);
});

test(
  "a network that drops, delays and cuts answers loses nothing and keeps the order",
  skipWithoutRedis,
  async (t) => {
    const url = await sharedRedis();
    const name = newName();
    await runOnBadNetworks(t, {
      url,
      async open(through) {
        const client = clientFor(t, through);
        return (await openStore(t, client, { name, leaseMs: 600, subscriber: client })).store;
      },
      ...{ failing: 0.15, moreHitsThan: 2, quietMs: 300, maxWaitMs: 5_000, until },
    });
    // Nothing is left but what is remembered, and who uses the store.
    const left = (await clientFor(t, url).send("KEYS", [`{telehook:${name}}:*`]) as string[]).map((key) =>
      key.split(":").at(-1)
    ).sort();
    assert.deepEqual(left, ["meta", "owners", "recent", "recent-albums", "wakes"]);
  },
);

test("nothing is left of processes that were killed", skipWithoutRedis, async (t) => {
  const client = clientFor(t, await sharedRedis());
  const name = newName();
  // One has handled all that it had added, the other has not.
  const done = await openStore(t, client, { name, leaseMs: 1_000 });
  const busy = await openStore(t, client, { name, leaseMs: 1_000 });
  const added = await done.store.add(entry(1), "claim");
  assert.ok(typeof added === "object");
  await done.store.complete(added, false);
  await busy.store.add(entry(2), "claim");
  for (const { store } of [done, busy]) store.crash();
  const { store } = await openStore(t, client, { name, leaseMs: 1_000 });
  const [batch = assert.fail()] = await claimSoon(store);
  await store.complete(batch, false);
  await store.close();
  const fields = await client.send("HKEYS", [`{telehook:${name}}:meta`]) as string[];
  assert.deepEqual(fields.sort(), ["dead", "format", "ids", "latest"]);
});

test("a claim whose answer was lost is due again", skipWithoutRedis, async (t) => {
  const client = clientFor(t, await sharedRedis());
  const answers = losing(client.send);
  const { store } = await openStore(t, client, { name: newName(), leaseMs: 600, send: answers.call });
  await store.add(entry(1), "append");
  answers.isLost = true;
  await assert.rejects(store.claim(1, 0), { code: "ERR_STORE", message: /The connection was closed/ });
  await assert.rejects(store.add(entry(2, { lane: "other" }), "claim"), { code: "ERR_STORE" });
  answers.isLost = false;
  const again = await store.add(entry(2, { lane: "other" }), "claim");
  assert.ok(typeof again === "object", "The call that is repeated has what the first one claimed");
  const [batch] = await claimSoon(store, 2_000);
  assert.deepEqual([ids([batch ?? assert.fail()]), batch?.crashes], [[1], 0]);
});

test("an update whose retry was not confirmed is handled again", skipWithoutRedis, async (t) => {
  const client = clientFor(t, await sharedRedis());
  const retry = await client.send("SCRIPT", ["LOAD", SCRIPTS.retry]);
  await runLostRetry((isFirst) =>
    redisStore(async (command, args) => {
      const answer = await client.send(command, args);
      if (args[0] === retry && isFirst()) throw new Error("The connection was closed");
      return answer;
    }, { name: newName(), leaseMs: 1_000 })
  );
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
    await pause(350);
    isAway = false;
    for (let tries = 0; (await store.stats()).updates > 0; tries++) {
      assert.ok(tries < 100);
      await pause(10);
    }
    assert.deepEqual(heard.batches, []);
  },
);

test("batches are lost when no renewal succeeds for as long as the lease", skipWithoutRedis, async (t) => {
  const url = await sharedRedis();
  const network = await badNetwork(url, () => 1);
  t.after(() => network.close());
  const name = newName();
  const { store, heard } = await openStore(t, clientFor(t, network.url), { name, leaseMs: 2_400 });
  const other = await openStore(t, clientFor(t, url), { name, leaseMs: 2_400 });
  await store.add(entry(1), "append");
  await store.claim(1, 0);
  network.isSilent = true;
  const began = performance.now();
  while (heard.batches.length === 0) {
    assert.ok(performance.now() - began < 8_000, "It is not told");
    assert.deepEqual(ids(await other.store.claim(1, 0)), [], "Nobody takes over before it is told");
    await pause(5);
  }
  assert.deepEqual(ids(heard.batches), [1]);
  assert.equal(heard.errors.length, 1, "Failing renewals are reported once");
  assert.equal(codeOf(heard.errors[0]), "ERR_STORE");
  const [batch] = await claimSoon(other.store);
  assert.deepEqual([batch?.crashes, batch?.crashesAlone], [1, 1]);
  network.close();
});

test(
  "a server whose memory is full refuses updates, while what it has is handled",
  skipWithoutOwnRedis,
  async (t) => {
    const server = await startRedis();
    t.after(() => server.kill());
    const client = clientFor(t, server.url);
    const name = newName();
    const { store, heard } = await openStore(t, client, { name, leaseMs: 1_000 });
    for (const id of [1, 2, 3]) await store.add(entry(id, { lane: id }), "append");
    await client.send("CONFIG", ["SET", "maxmemory", "1"]);
    await assert.rejects(store.add(entry(4), "append"), { code: "ERR_STORE", message: /OOM/ });
    assert.equal(await store.add(entry(4), "behind"), "alone");
    const [first = assert.fail()] = await store.claim(1, 0);
    const other = await openStore(t, client, { name, leaseMs: 1_000 });
    const [second = assert.fail()] = await other.store.claim(1, 0);
    await other.store.retry(second, 3_600_000);
    for (const end = performance.now() + 1_500; performance.now() < end;) {
      const next = await other.store.claim(9, 0); // the lease of the first one does not end
      assert.ok(!ids(next).includes(1));
      await pause(50);
    }
    assert.equal(await store.complete(first, false), undefined);
    assert.deepEqual([heard.batches, heard.errors, (await store.stats()).updates], [[], [], 2]);
  },
);

test("a server that becomes a replica keeps no claims", skipWithoutOwnRedis, async (t) => {
  const server = await startRedis();
  t.after(() => server.kill());
  const client = clientFor(t, server.url);
  const { store, heard } = await openStore(t, client, { name: newName(), leaseMs: 1_000 });
  await store.add(entry(1), "append");
  await store.claim(1, 0);
  await client.send("REPLICAOF", ["127.0.0.1", "1"]); // as a failover does: others go on with the new primary
  const began = performance.now();
  while (heard.batches.length === 0) {
    assert.ok(performance.now() - began < 1_000, "It is told before its lease ends there");
    await pause(10);
  }
  assert.match(String(heard.errors), /READONLY.*Connect to the primary/);
  await assert.rejects(store.add(entry(2), "behind"), { message: /READONLY/ }, "It cannot know what waits");
});
