import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import process from "node:process";
import { pause } from "../../src/platform/pause.ts";
import type { TestScope } from "../../src/testing/store.ts";
import { freePort } from "../../src/testing/free_port.ts";
import { sharedPostgres, skipWithoutPostgres } from "./postgres_server.ts";
import { test } from "../scoped_it.ts";
import { entry, ids, newName } from "../store/server_store.ts";
import { openStore, poolFor } from "./scope.ts";

const isInstalled = spawnSync("bash", ["-c", "command -v pgbouncer || ls /usr/sbin/pgbouncer"]).status === 0;
const skip = skipWithoutPostgres ??
  (isInstalled || process.env["CI"] ? undefined : 'needs pgbouncer: run  eval "$(.ci/servers start)"');

/** Starts PgBouncer in transaction mode before a server, with fewer connections than its clients have. */
async function pooler(t: TestScope, url: string): Promise<string> {
  const { hostname, port, username, pathname } = new URL(url);
  const own = await freePort();
  const script = `
directory=$(mktemp -d "\${TMPDIR:-/tmp}/telehook-pgbouncer-XXXXXX")
cat >"$directory/ini" <<INI
[databases]
${pathname.slice(1)} = host=${hostname} port=${port} user=${username}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${own}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 3
INI
as=
if [ "$(id -u)" = 0 ]; then chmod -R a+rX "$directory"; as="setpriv --reuid=nobody --regid=nogroup --clear-groups"; fi
PATH=$PATH:/usr/sbin $as pgbouncer -q "$directory/ini" >/dev/null 2>&1 &
read -r _
kill -9 $!
wait $! 2>/dev/null
rm -rf "$directory"`;
  const child = spawn("bash", ["-c", script], { stdio: ["pipe", "ignore", "inherit"] });
  t.after(() => child.stdin?.end());
  const through = new URL(url);
  through.port = String(own);
  for (let tries = 0;; tries++) {
    const pool = poolFor(t, through.href, 1);
    try {
      await pool.query("select 1");
      return through.href;
    } catch (error) {
      if (tries > 200) throw error;
    }
    await pause(20);
  }
}

test("a pooler in transaction mode is no obstacle, though it cannot listen", skip, async (t) => {
  const url = await pooler(t, await sharedPostgres());
  const name = newName();
  const a = await openStore(t, poolFor(t, url, 8), { name });
  const b = await openStore(t, poolFor(t, url, 8), { name });
  const all = Array.from({ length: 60 }, (_, i) => i + 1);
  await Promise.all(
    all.map((id) => (id % 2 === 0 ? a : b).store.add(entry(id, { lane: id % 10 }), "append")),
  );
  const done: number[] = [];
  await Promise.all([a, b].map(async ({ store }) => {
    while (done.length < all.length) {
      await Promise.all((await store.claim(4, 0)).map(async (first) => {
        for (let batch = first as typeof first | undefined; batch !== undefined;) {
          done.push(...ids([batch]));
          batch = await store.complete(batch, true);
        }
      }));
    }
  }));
  assert.deepEqual([...done].sort((x, y) => x - y), all);
  await pause(2_200); // its attempt to listen has failed by now
  const woken = b.heard.nextWake();
  await a.store.add(entry(100), "append");
  await woken;
  assert.deepEqual([...a.heard.errors, ...b.heard.errors], []);
});
