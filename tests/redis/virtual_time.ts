import type { TestScope } from "../../src/testing/store.ts";
import { commandOf, subscribeOf } from "../../src/store/redis/redis_client.ts";
import { RedisInboxStore } from "../../src/store/redis/redis_inbox_store.ts";
import { keysOf } from "../../src/store/redis/redis_scripts.ts";
import type { VirtualTime } from "../store/virtual_time.ts";
import type { RespClient } from "./resp_client.ts";

/** Makes a store that goes by virtual time. Its keys are deleted when the test has ended. */
export function virtualStore(
  client: object,
  { name, leaseMs = 30_000, time, subscriber, t, admin }: {
    name: string;
    leaseMs?: number;
    time: VirtualTime;
    subscriber?: unknown;
    t: TestScope;
    admin: RespClient;
  },
): RedisInboxStore {
  t.after(() => admin.send("DEL", [...keysOf(name)]));
  return new RedisInboxStore({
    ...{ client, name, leaseMs, command: commandOf(client), now: time.now },
    subscribe: subscriber === undefined ? undefined : subscribeOf(subscriber),
  });
}

/** Lets the lease of a process that has ended be over. */
export async function endLease(admin: RespClient, name: string, owner: string): Promise<void> {
  await admin.send("ZADD", [`{telehook:${name}}:owners`, "0", owner]);
}
