import { pause } from "../../src/platform/pause.ts";
import type { TestScope } from "../../src/testing/store.ts";
import { commandOf, subscribeOf } from "../../src/store/redis/redis_client.ts";
import { RedisInboxStore } from "../../src/store/redis/redis_inbox_store.ts";
import { keysOf } from "../../src/store/redis/redis_scripts.ts";
import { Heard } from "../store/server_store.ts";
import { type RespClient, respClient } from "./resp_client.ts";

/** A client that is closed when the test ends. */
export function clientFor(t: TestScope, url: string): RespClient {
  const client = respClient(url);
  t.after(() => client.close());
  return client;
}

/** An open store, which is closed and whose keys are deleted when the test ends. */
export async function openStore(
  t: TestScope,
  client: RespClient,
  { name, leaseMs = 30_000, subscriber, send = client.send, now }: {
    name: string;
    leaseMs?: number;
    now?: () => number;
    subscriber?: RespClient;
    send?: RespClient["send"];
  },
): Promise<{ readonly store: RedisInboxStore; readonly heard: Heard }> {
  const heard = new Heard();
  const store = new RedisInboxStore({
    ...{ client: send, name, leaseMs, command: commandOf(send), now },
    subscribe: subscriber === undefined ? undefined : subscribeOf(subscriber.subscribe),
  });
  t.after(async () => {
    await store.close();
    await Promise.race([client.send("DEL", [...keysOf(name)]).catch(() => {}), pause(500)]);
  });
  await store.open(heard);
  return { store, heard };
}
