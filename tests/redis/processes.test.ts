import { sharedRedis, skipWithoutRedis } from "./redis_server.ts";
import { test } from "../scoped_it.ts";
import { LEASE_MS, runKilled, runStopped } from "../store/other_process_run.ts";
import { newName } from "../store/server_store.ts";
import { clientFor, openStore } from "./scope.ts";

for (
  const [title, run] of [
    ["a process that is stopped beyond its lease finds the signal of its handler aborted", runStopped],
    ["what a process had claimed that was killed is due when its lease has ended", runKilled],
  ] as const
) {
  test(title, skipWithoutRedis, async (t) => {
    const [url, name] = [await sharedRedis(), newName()];
    const client = clientFor(t, url);
    const opened = await openStore(t, client, { name, leaseMs: LEASE_MS, subscriber: client });
    await run(t, { kind: "redis", url, name, ...opened });
  });
}
