import { keysOf, SCRIPTS } from "../../src/store/redis/redis_scripts.ts";
import { test } from "../scoped_it.ts";
import { HeldCalls } from "../store/held_calls.ts";
import { LATE_ANSWERS } from "../store/late_answers_run.ts";
import { newName } from "../store/server_store.ts";
import { skipWithoutOwnRedis, startRedis } from "./redis_server.ts";
import { clientFor, openStore } from "./scope.ts";

for (const [title, run] of Object.entries(LATE_ANSWERS)) {
  test(title, skipWithoutOwnRedis, async (t) => {
    const server = await startRedis();
    t.after(() => server.kill());
    const client = clientFor(t, server.url);
    for (const script of Object.values(SCRIPTS)) await client.send("SCRIPT", ["LOAD", script]); // one call each
    const [name, calls] = [newName(), new HeldCalls()];
    const send = (command: string, args: string[]) =>
      command === "MGET" ? client.send(command, args) : calls.make(() => client.send(command, args)); // looking is no call
    const { store, heard } = await openStore(t, client, { name, send });
    const other = await openStore(t, client, { name });
    const owners = keysOf(name).find((key) => key.endsWith(":owners")) ?? "";
    await run({
      ...{ t, store, heard, calls, other: other.store },
      open: async (leaseMs) => (await openStore(t, client, { name, send, leaseMs })).store,
      async endLeases() {
        for (const owner of await client.send("ZRANGE", [owners, "0", "-1"]) as string[]) {
          await client.send("ZADD", [owners, "0", owner]);
        }
      },
    });
  });
}
