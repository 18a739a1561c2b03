import assert from "node:assert/strict";
import { pause } from "../../src/platform/pause.ts";
import { RedisInboxStore } from "../../src/store/redis/redis_inbox_store.ts";
import { keysOf } from "../../src/store/redis/redis_scripts.ts";
import { sharedRedis, skipWithoutOwnRedis, skipWithoutRedis, startRedis } from "./redis_server.ts";
import { test } from "../scoped_it.ts";
import { runClockSetBack } from "../store/clock_set_back_run.ts";
import { claimSoon, entry, Heard, ids, newName } from "../store/server_store.ts";
import { clientFor, openStore } from "./scope.ts";

test("an ordinary update is one round trip, a received one is two", skipWithoutRedis, async (t) => {
  const client = clientFor(t, await sharedRedis());
  let trips = 0;
  const send = (command: string, args: string[]) => {
    if (command !== "MGET") trips++; // which looks for news of other processes
    return client.send(command, args);
  };
  const { store } = await openStore(t, client, { name: newName(), send });
  await store.add(entry(98), "behind"); // scripts are sent now
  const first = await store.add(entry(99), "claim");
  assert.ok(typeof first === "object");
  await store.complete(first, true);

  trips = 0;
  for (let id = 1; id <= 5; id++) assert.equal(await store.add(entry(id), "behind"), "alone");
  assert.equal(trips, 5);
  for (const id of [1, 2, 3]) await store.add(entry(id, { lane: id }), "append");
  let [batch] = await store.claim(1, 0);
  trips = 0;
  const done: number[] = [];
  while (batch !== undefined) {
    done.push(...ids([batch]));
    batch = await store.complete(batch, true);
  }
  assert.deepEqual([done, trips], [[1, 2, 3], 3], "Each is completed by the call that claims the next");
});

test(
  "news of another process is not lost by an answer that does not tell it",
  skipWithoutRedis,
  async (t) => {
    const client = clientFor(t, await sharedRedis());
    const name = newName();
    const [a, b] = [await openStore(t, client, { name }), await openStore(t, client, { name })];
    await a.store.add(entry(1, { lane: "a" }), "append");
    await a.store.claim(1, 0);
    await b.store.add(entry(2, { lane: "b" }), "append");
    const woken = a.heard.nextWake();
    await a.store.add(entry(3, { lane: "a" }), "append"); // waits for the first, so that nothing new is due
    await woken;
    assert.deepEqual(ids(await a.store.claim(9, 0)), [2]);
  },
);

test("a client with several connections keeps the order of a lane", skipWithoutRedis, async (t) => {
  const client = clientFor(t, await sharedRedis());
  let isFirst = false;
  const send = async (command: string, args: string[]) => {
    if (isFirst && args.includes("append")) {
      isFirst = false;
      await pause(50); // it is on its way, over a connection that is slower than the others
    }
    return await client.send(command, args);
  };
  const { store } = await openStore(t, client, { name: newName(), send });
  await store.add(entry(1), "append"); // scripts are sent now
  isFirst = true;
  const added: unknown[] = [];
  const expected = Array.from({ length: 100 }, (_, i) => i + 1);
  for (const id of expected.slice(1)) {
    added.push(store.add(entry(id), "append"));
    if (id === 90) await pause(10); // most of one turn of the event loop, more than fits into one call, and some of another
  }
  await Promise.all(added);
  const handled: number[] = [];
  for (
    let [batch] = await store.claim(1, 0);
    batch !== undefined;
    batch = await store.complete(batch, true)
  ) {
    handled.push(...ids([batch]));
  }
  assert.deepEqual(handled, expected);
});

test("100 stores on one connection look for news with one command", skipWithoutRedis, async (t) => {
  const client = clientFor(t, await sharedRedis());
  const commands: string[] = [];
  const send = (command: string, args: string[]) => {
    commands.push(command);
    return client.send(command, args);
  };
  const other = clientFor(t, await sharedRedis());
  const all = await Promise.all(Array.from({ length: 100 }, async () => {
    const name = newName();
    return { name, ...await openStore(t, client, { name, send }) };
  }));
  const last = all.at(-1) ?? assert.fail();
  const second = await openStore(t, other, { name: last.name });
  await pause(1_100); // those that are alone look once a second
  await last.store.claim(1, 0);
  const began = performance.now();
  const woken = last.heard.nextWake();
  await second.store.add(entry(1), "append");
  await woken;
  assert.ok(performance.now() - began < 1_000);
  assert.deepEqual(ids(await last.store.claim(1, 0)), [1]);
  commands.length = 0;
  await pause(650);
  assert.ok(commands.length <= 4, `${commands.length} commands in 650 ms: ${commands}`);
  assert.deepEqual(all.flatMap(({ heard }) => heard.errors), []);
});

test("a client that loses an answer looks again", skipWithoutRedis, async (t) => {
  const client = clientFor(t, await sharedRedis());
  const name = newName();
  let isLost = false;
  const send = (command: string, args: string[]) => {
    if (command !== "MGET" || isLost) return client.send(command, args);
    isLost = true;
    return new Promise(() => {});
  };
  const second = await openStore(t, client, { name });
  const { heard } = await openStore(t, client, { name, send });
  for (let tries = 0; !isLost; tries++) {
    assert.ok(tries < 200, "It does not look");
    await pause(10);
  }
  const woken = heard.nextWake();
  const began = performance.now();
  await second.store.add(entry(1), "append");
  await woken;
  assert.ok(performance.now() - began < 2_500);
});

test("two stores with one subscriber wake each other at once", skipWithoutRedis, async (t) => {
  const client = clientFor(t, await sharedRedis());
  const name = newName();
  const a = await openStore(t, client, { name, subscriber: client });
  const b = await openStore(t, client, { name, subscriber: client });
  const woken = b.heard.nextWake();
  const wakes = a.heard.wakes;
  await a.store.add(entry(1), "append");
  await woken;
  assert.equal(b.heard.wakeIn, 0);
  assert.equal(a.heard.wakes, wakes + 1, "It does not wake itself twice");
  await a.store.add(entry(2), "append"); // behind the first one: nothing to tell
  await b.store.close();
  const c = await openStore(t, client, { name, subscriber: client }); // the channel is subscribed to again
  const [batch = assert.fail()] = await claimSoon(c.store);
  const next = a.heard.nextWake();
  await c.store.complete(batch, false);
  await next;
  assert.deepEqual(ids(await a.store.claim(1, 0)), [2]);
});

test(
  "what is reserved for a process is not claimed before what fell due earlier",
  skipWithoutRedis,
  async (t) => {
    const client = clientFor(t, await sharedRedis());
    const name = newName();
    const { store: a } = await openStore(t, client, { name });
    const { store: b } = await openStore(t, client, { name });
    const firsts = await Promise.all([1, 2].map((lane) => b.add(entry(lane, { lane }), "claim")));
    await a.add(entry(3, { lane: 3 }), "append");
    await pause(2);
    for (const lane of [1, 2]) await a.add(entry(10 + lane, { lane, reservedMs: 10_000 }), "append");
    for (const each of firsts) if (typeof each === "object") await b.complete(each, false);
    assert.deepEqual(ids(await a.claim(2, 0)), [3, 11]);
    assert.deepEqual(ids(await a.claim(2, 0)), [12]);
  },
);

test("names keep bots apart", skipWithoutRedis, async (t) => {
  const client = clientFor(t, await sharedRedis());
  const [a, b] = [
    await openStore(t, client, { name: newName() }),
    await openStore(t, client, { name: newName() }),
  ];
  assert.equal(await a.store.add(entry(1), "append"), "added");
  assert.equal(await b.store.add(entry(1), "behind"), "alone");
  assert.deepEqual([a.store.count, b.store.count, (await b.store.stats()).updates], [1, 0, 0]);
  assert.deepEqual(ids(await b.store.claim(9, 0)), []);
});

test(
  "it works on a cluster: all keys of a store are on one node, and are declared",
  skipWithoutOwnRedis,
  async (t) => {
    const server = await startRedis("--cluster-enabled", "yes");
    t.after(() => server.kill());
    const client = clientFor(t, server.url);
    await client.send("CLUSTER", ["ADDSLOTS", ...Array.from({ length: 16_384 }, (_, i) => String(i))]);
    while (!String(await client.send("CLUSTER", ["INFO"])).includes("cluster_state:ok")) await pause(20);
    const slots = await Promise.all(keysOf("a-bot").map((key) => client.send("CLUSTER", ["KEYSLOT", key])));
    assert.equal(new Set(slots).size, 1);

    // Two stores of different names are on different nodes: their news cannot be one command's.
    const heard = [new Heard(), new Heard()];
    const stores = ["bot-1", "bot-2"].map((name) =>
      new RedisInboxStore({
        client: client.send,
        command: client.send,
        subscribe: undefined,
        name,
        leaseMs: 30_000,
      })
    );
    for (const [i, store] of stores.entries()) {
      await store.open(heard[i] ?? assert.fail());
      t.after(() => store.close());
    }
    const other = await openStore(t, client, { name: "bot-2" });
    const woken = heard[1]?.nextWake();
    await other.store.add(entry(1), "append");
    await woken;
    const [batch = assert.fail()] = await stores[1]?.claim(1, 0) ?? [];
    await stores[1]?.park(batch, { error: "x", attempts: 1, keepMs: 60_000 });
    assert.equal(await other.store.replay(1), true);
    assert.deepEqual(ids(await claimSoon(other.store)), [1]);
  },
);

test("claiming does not get slower with the lanes that are stuck", skipWithoutRedis, async (t) => {
  const client = clientFor(t, await sharedRedis());
  const { store } = await openStore(t, client, { name: newName() });
  let id = 0;
  const commandsOf = async () => {
    await store.add(entry(++id, { lane: "free" }), "append");
    const before = await calls();
    const [batch = assert.fail()] = await store.claim(1, 0);
    const after = await calls();
    await store.complete(batch, false);
    return after - before;
  };
  // How many commands the script ran, as the server counts them for this connection's database alone.
  const calls = async () => {
    const info = String(await client.send("INFO", ["commandstats"]));
    const of = (name: string) => Number(new RegExp(`cmdstat_${name}:calls=(\\d+)`).exec(info)?.[1] ?? 0);
    return of("hget") + of("zrange") + of("zrangebyscore") + of("zrem");
  };
  await commandsOf(); // loads the script
  const few = Math.min(...[await commandsOf(), await commandsOf(), await commandsOf()]);
  const stuck = Array.from({ length: 2_000 }, () => ++id);
  await Promise.all(stuck.map(async (each) => {
    const added = await store.add(entry(each, { lane: `stuck ${each}` }), "claim");
    if (typeof added === "object" && each % 2 === 0) await store.retry(added, 3_600_000, added.tries);
  }));
  const many = Math.min(...[await commandsOf(), await commandsOf(), await commandsOf()]);
  assert.equal(many, few);
});

test("a server's clock that is set back delays nothing", skipWithoutRedis, async (t) => {
  const client = clientFor(t, await sharedRedis());
  const name = newName();
  await runClockSetBack(async (now) => (await openStore(t, client, { name, leaseMs: 1_000, now })).store);
});
