import { testStore } from "../../src/testing/store.ts";
import type { InboxStore } from "../../src/store/inbox_store.ts";
import { RedisInboxStore } from "../../src/store/redis/redis_inbox_store.ts";
import { sharedRedis, skipWithoutRedis } from "./redis_server.ts";
import { respClient } from "./resp_client.ts";
import { test } from "../scoped_it.ts";
import { virtualTimes } from "../store/virtual_time.ts";
import { endLease, virtualStore } from "./virtual_time.ts";

/*
 * The published suite for stores, on a real server, with a time that passes at once. With a function as client; the other
 * clients are in clients.test.ts, waking without a subscriber is in waking.test.ts.
 */
if (skipWithoutRedis !== undefined) {
  test("redisStore passes the suite for stores", skipWithoutRedis, () => {});
} else {
  const url = await sharedRedis();
  const client = respClient(url);
  const names = new WeakMap<InboxStore, string>();
  const time = virtualTimes();
  testStore({
    name: "redisStore",
    isDurable: true,
    isShared: true,
    leaseMs: 30_000,
    clock: (t) => time(t).clock,
    make(name, t) {
      const store = virtualStore(client.send, {
        ...{ name, t, time: time(t), admin: client, subscriber: client.subscribe },
      });
      names.set(store, name);
      return store;
    },
    async crash(store) {
      if (store instanceof RedisInboxStore) await endLease(client, names.get(store) ?? "", store.crash());
    },
  });
}
