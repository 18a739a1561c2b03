import { test } from "../scoped_it.ts";
import { HeldCalls } from "../store/held_calls.ts";
import {
  runAnsweredTogether,
  runAnsweredTooLate,
  runClaimedAfterClosing,
  runClosedWithoutAnswer,
} from "../store/late_answers_run.ts";
import { newName } from "../store/server_store.ts";
import { sharedPostgres, skipWithoutPostgres } from "./postgres_server.ts";
import { openStore, poolFor } from "./scope.ts";

for (
  const [title, run] of [
    ["what is claimed while a process comes back remains its own", runAnsweredTogether],
    ["what a suspended process had claimed is not handled when it goes on", runAnsweredTooLate],
    ["a claim that comes after closing does not bring the store back", runClaimedAfterClosing],
    ["closing does not wait for a server that does not answer", runClosedWithoutAnswer],
  ] as const
) {
  test(title, skipWithoutPostgres, async (t) => {
    const pool = poolFor(t, await sharedPostgres());
    const [name, calls] = [newName(), new HeldCalls()];
    const query = (text: string, values: (string | null)[]) => calls.make(() => pool.query(text, values));
    const { store, heard } = await openStore(t, query, { name });
    const other = await openStore(t, pool, { name });
    await run({
      ...{ t, store, heard, calls, other: other.store },
      endLeases: () =>
        pool.query(
          "update telehook.owners set alive_until = '-infinity' where bot = (select id from telehook.bots where name = $1::text)",
          [name],
        ),
    });
  });
}
