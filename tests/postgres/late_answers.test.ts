import { test } from "../scoped_it.ts";
import { HeldCalls } from "../store/held_calls.ts";
import { LATE_ANSWERS } from "../store/late_answers_run.ts";
import { newName } from "../store/server_store.ts";
import { sharedPostgres, skipWithoutPostgres } from "./postgres_server.ts";
import { openStore, poolFor } from "./scope.ts";

for (const [title, run] of Object.entries(LATE_ANSWERS)) {
  test(title, skipWithoutPostgres, async (t) => {
    const pool = poolFor(t, await sharedPostgres());
    const [name, calls] = [newName(), new HeldCalls()];
    const query = (text: string, values: (string | null)[]) => calls.make(() => pool.query(text, values));
    const { store, heard } = await openStore(t, query, { name });
    const other = await openStore(t, pool, { name });
    await run({
      ...{ t, store, heard, calls, other: other.store },
      open: async (leaseMs) => (await openStore(t, query, { name, leaseMs })).store,
      endLeases: () =>
        pool.query(
          "update telehook.owners set alive_until = '-infinity' where bot = (select id from telehook.bots where name = $1::text)",
          [name],
        ),
    });
  });
}
