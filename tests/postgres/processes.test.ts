import { sharedPostgres, skipWithoutPostgres } from "./postgres_server.ts";
import { test } from "../scoped_it.ts";
import { LEASE_MS, runKilled, runStopped } from "../store/other_process_run.ts";
import { newName } from "../store/server_store.ts";
import { openStore, poolFor } from "./scope.ts";

for (
  const [title, run] of [
    ["a process that is stopped beyond its lease finds the signal of its handler aborted", runStopped],
    ["what a process had claimed that was killed is due when its lease has ended", runKilled],
  ] as const
) {
  test(title, skipWithoutPostgres, async (t) => {
    const [url, name] = [await sharedPostgres(), newName()];
    await run(t, {
      kind: "postgres",
      url,
      name,
      ...await openStore(t, poolFor(t, url), { name, leaseMs: LEASE_MS }),
    });
  });
}
