import assert from "node:assert/strict";
import { createRequire } from "node:module";
import process from "node:process";
import { pause, within } from "../../src/platform/pause.ts";
import { redisStore } from "../../src/store/redis/mod.ts";
import { subscribeOf } from "../../src/store/redis/redis_client.ts";
import type { TestScope } from "../../src/testing/store.ts";
import { sharedRedis, skipWithoutOwnRedis, skipWithoutRedis, startRedis } from "./redis_server.ts";
import { test } from "../scoped_it.ts";
import { badNetwork } from "../store/bad_network.ts";
import { entry, Heard, ids, newName } from "../store/server_store.ts";
import { clientFor } from "./scope.ts";

/*
 * Each client that a store recognizes does everything that the store asks of it. The clients are in the directory that
 * `.ci/servers` prepares; Bun's is Bun's own, and Deno's is imitated by its methods.
 */
const place = process.env["TELEHOOK_TEST_CLIENTS"];
const skip = skipWithoutRedis ??
  (place || process.env["CI"]
    ? undefined
    : 'needs clients from npm: run  eval "$(.ci/servers start)"  which installs them outside this repository');

interface Pair {
  readonly client: object;
  readonly subscriber: object;
}

/** Everything once, with two stores, the second of which is woken by the first. */
async function tryClient(t: TestScope, pair: Pair, other: Pair): Promise<void> {
  const name = newName();
  const heard = new Heard();
  const store = redisStore(pair.client, { name, subscriber: pair.subscriber });
  const second = redisStore(other.client, { name, subscriber: other.subscriber });
  t.after(() => store.close());
  t.after(() => second.close());
  await store.open(heard);
  await second.open(new Heard());
  const lane = 'лейн %_"\\{}*:?';
  assert.equal(await store.add(entry(1, { lane }), "behind"), "alone");
  const woken = heard.nextWake();
  assert.equal(await second.add(entry(1, { lane }), "append"), "added");
  await within(5_000, woken); // renewals, which look too, are later
  const [batch = assert.fail()] = await store.claim(9, 0);
  assert.deepEqual([batch.lane, batch.updates], [lane, [entry(1).update]]);
  await store.retry(batch, 0, { attempts: 1, failures: 1 });
  const [again = assert.fail()] = await store.claim(9, 0);
  await store.add(entry(2, { lane }), "append");
  const next = await store.complete(again, true) ?? assert.fail();
  await store.park(next, { error: "It failed", attempts: 2, keepMs: 60_000 });
  assert.deepEqual((await second.parked(0, 9)).map(({ id, error }) => [id, error]), [[2, "It failed"]]);
  assert.equal(await second.discard(2), true);
  assert.equal(await store.add(entry(2, { lane }), "adopt"), "known");
  const { updates, lanes, parked } = await store.stats();
  assert.deepEqual([updates, lanes, parked], [0, 0, 0]);
  assert.deepEqual(ids(await store.claim(9, 0)), []);
  assert.deepEqual(heard.errors, []);
}

interface NodeRedis {
  connect(): Promise<unknown>;
  destroy?(): unknown;
  disconnect(): unknown;
  on(event: string, listener: () => void): unknown;
}

interface Ioredis {
  disconnect(): void;
}

const required = createRequire(`${place ?? "/"}/package.json`);

for (const module of ["redis4", "redis5", "redis"]) {
  test(`node-redis, as ${module}`, skip, async (t) => {
    const { createClient } = required(module) as { createClient(options: object): NodeRedis };
    const url = await sharedRedis();
    const connect = async () => {
      const client = createClient({ url });
      client.on("error", () => {});
      await client.connect();
      t.after(() => client.destroy ? client.destroy() : client.disconnect());
      return client;
    };
    const pairs = [{ client: await connect(), subscriber: await connect() }, {
      client: await connect(),
      subscriber: await connect(),
    }];
    await tryClient(t, pairs[0] ?? assert.fail(), pairs[1] ?? assert.fail());
    const closed = redisStore(createClient({ url }), { name: "not-connected" });
    await assert.rejects(async () => await closed.open(new Heard()), {
      code: "ERR_STORE",
      message: /await client\.connect\(\)/,
    });
  });
}

for (const module of ["ioredis5", "ioredis"]) {
  test(`ioredis, as ${module}`, skip, async (t) => {
    const loaded = required(module) as { Redis: new (url: string, options: object) => Ioredis };
    for (const options of [{}, { keyPrefix: "app:" }]) {
      const connect = async () => {
        const client = new loaded.Redis(await sharedRedis(), options);
        t.after(() => client.disconnect());
        return client;
      };
      const subscriber = await connect(); // several stores can share it
      await tryClient(t, { client: await connect(), subscriber }, { client: await connect(), subscriber });
    }
  });
}

interface BunClient {
  connect(): Promise<unknown>;
  close(): void;
}
const { Bun } = globalThis as { Bun?: { RedisClient: new (url: string, options?: object) => BunClient } };

test("Bun's RedisClient", Bun === undefined ? "only on Bun" : skip, async (t) => {
  const connect = async () => {
    const client = new (Bun ?? assert.fail()).RedisClient(await sharedRedis());
    await client.connect();
    t.after(() => client.close());
    return client;
  };
  const pairs = [{ client: await connect(), subscriber: await connect() }, {
    client: await connect(),
    subscriber: await connect(),
  }];
  await tryClient(t, pairs[0] ?? assert.fail(), pairs[1] ?? assert.fail());
});

test(
  "Bun's RedisClient that has given up is connected again",
  Bun === undefined ? "only on Bun" : skip,
  async (t) => {
    const network = await badNetwork(await sharedRedis(), () => 0);
    t.after(() => network.close());
    const client = new (Bun ?? assert.fail()).RedisClient(network.url, { maxRetries: 1 }); // ten, as it is, take half a minute
    await client.connect();
    t.after(() => client.close());
    const store = redisStore(client, { name: newName() });
    await store.open(new Heard());
    const tells = () => Promise.resolve(store.stats()).then(() => "", (error: unknown) => String(error));
    network.failingRequests = 1;
    while (!(await tells()).includes("Connection has failed")) await pause(20);
    network.failingRequests = 0;
    for (let tries = 0; await tells() !== ""; tries++) {
      assert.ok(tries < 100, await tells());
      await pause(20);
    }
    await store.close();
  },
);

test("news are heard of though a subscriber has lost its subscription", skipWithoutRedis, async (t) => {
  const name = newName();
  const { send } = clientFor(t, await sharedRedis());
  const heard = new Heard();
  const store = redisStore(send, { name, subscriber: () => Promise.resolve() });
  const second = redisStore(send, { name });
  t.after(() => store.close());
  t.after(() => second.close());
  await store.open(heard);
  await second.open(new Heard());
  await store.stats(); // it knows of the other
  const woken = heard.nextWake();
  await second.add(entry(1), "append");
  await within(5_000, woken); // renewals, which look too, are later
});

/** The methods of Deno's client (jsr:@db/redis) that a store calls, over another one. */
class DenoLikeClient {
  readonly isConnected = true;
  readonly isClosed = false;
  readonly #send;
  readonly #subscribe;

  constructor(t: TestScope, url: string) {
    const { send, subscribe } = clientFor(t, url);
    this.#send = send;
    this.#subscribe = subscribe;
  }

  async sendCommand(command: string, args: string[] = []): Promise<unknown> {
    return await this.#send(command, args);
  }

  async subscribe(...channels: string[]): Promise<object> {
    const messages: { channel: string; message: string }[] = [];
    let wake = () => {};
    const listen = (channel: string) =>
      this.#subscribe(channel, (message) => {
        messages.push({ channel, message });
        wake();
      });
    for (const channel of channels) await listen(channel);
    return {
      subscribe: listen,
      unsubscribe: () => Promise.resolve(),
      async *receive() {
        while (true) {
          for (const message of messages.splice(0)) yield message;
          await new Promise<void>((resolve) => wake = resolve);
        }
      },
    };
  }
}

test("Deno's client", skipWithoutRedis, async (t) => {
  const url = await sharedRedis();
  const subscriber = new DenoLikeClient(t, url);
  await tryClient(t, { client: new DenoLikeClient(t, url), subscriber }, {
    client: new DenoLikeClient(t, url),
    subscriber,
  });
});

test("functions", skipWithoutRedis, async (t) => {
  const [a, b] = [clientFor(t, await sharedRedis()), clientFor(t, await sharedRedis())];
  await tryClient(t, { client: a.send, subscriber: a.subscribe }, {
    client: b.send,
    subscriber: b.subscribe,
  });
});

test("clusters of node-redis and ioredis", skip ?? skipWithoutOwnRedis, async (t) => {
  const server = await startRedis("--cluster-enabled", "yes", "--cluster-announce-ip", "127.0.0.1");
  t.after(() => server.kill());
  const admin = clientFor(t, server.url);
  await admin.send("CLUSTER", ["ADDSLOTS", ...Array.from({ length: 16_384 }, (_, i) => String(i))]);
  while (!String(await admin.send("CLUSTER", ["INFO"])).includes("cluster_state:ok")) await pause(20);
  const { createCluster } = required("redis") as { createCluster(options: object): NodeRedis };
  const one = createCluster({ rootNodes: [{ url: server.url }] });
  one.on("error", () => {});
  await one.connect();
  t.after(() => one.destroy ? one.destroy() : one.disconnect());
  const { Cluster } = required("ioredis") as { Cluster: new (nodes: string[]) => Ioredis };
  const [two, subscriber] = [new Cluster([server.url]), new Cluster([server.url])];
  t.after(() => two.disconnect());
  t.after(() => subscriber.disconnect());
  await tryClient(t, { client: one, subscriber: admin.subscribe }, { client: two, subscriber });
});

test("Deno's client subscribes again after a failure", undefined, async () => {
  let isAway = true;
  const subscribe = subscribeOf({
    isConnected: true,
    async subscribe() {
      await pause(0);
      if (isAway) throw new Error("away");
      return { subscribe() {}, unsubscribe() {}, async *receive() {} };
    },
  });
  await assert.rejects(async () => await subscribe("a", () => {}), /away/);
  isAway = false;
  await subscribe("a", () => {});
});
