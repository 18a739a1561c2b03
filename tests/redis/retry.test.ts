import assert from "node:assert/strict";
import { sharedRedis, skipWithoutRedis } from "./redis_server.ts";
import { test } from "../scoped_it.ts";
import { entry, newName } from "../store/server_store.ts";
import { clientFor, openStore } from "./scope.ts";
import { endLease } from "./virtual_time.ts";

test("tries replace what is known of crashes; without them, both stay", skipWithoutRedis, async (t) => {
  const client = clientFor(t, await sharedRedis());
  const name = newName();
  const first = await openStore(t, client, { name });
  await first.store.add(entry(1, { tries: { attempts: 2, failures: 1 } }), "append");
  await first.store.claim(1, 0);
  await endLease(client, name, first.store.crash());

  const { store } = await openStore(t, client, { name });
  const claim = async () => (await store.claim(1, 0))[0] ?? assert.fail();
  const facts = (
    { tries, crashes, crashesAlone }: Awaited<ReturnType<typeof claim>>,
  ) => [tries.attempts, tries.failures, crashes, crashesAlone];
  const crashed = await claim();
  assert.deepEqual(facts(crashed), [2, 1, 1, 1]);
  await store.retry(crashed, 0);
  const again = await claim();
  assert.deepEqual(facts(again), [2, 1, 1, 1]);
  await store.retry(again, 0, { attempts: 4, failures: 3 });
  assert.deepEqual(facts(await claim()), [4, 3, 0, 0]);
});
