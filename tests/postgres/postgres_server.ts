import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import process from "node:process";
import { pause } from "../../src/platform/pause.ts";
import { freePort } from "../../src/testing/free_port.ts";
import { WireConnection } from "./wire_client.ts";

const isInstalled =
  spawnSync("bash", ["-c", "command -v postgres || ls /usr/lib/postgresql/*/bin/postgres"]).status === 0;

/** A server of one test file's own. */
export interface TestPostgres {
  readonly url: string;
  /** Ends the server at once, as a power failure does, and starts it again on what it had written. */
  restart(): Promise<void>;
  /** Ends the server at once. */
  kill(): Promise<void>;
}

const HOW = 'run  eval "$(.ci/servers start)"';

/** Why tests that need a server are skipped, if they are. Never in CI: there, a missing server is a failure. */
export const skipWithoutPostgres: string | undefined =
  process.env["TELEHOOK_TEST_POSTGRES"] || isInstalled || process.env["CI"]
    ? undefined
    : `needs a PostgreSQL server: ${HOW}`;

/** The same for tests that kill their server. */
export const skipWithoutOwnPostgres: string | undefined = isInstalled || process.env["CI"]
  ? undefined
  : `needs PostgreSQL on this machine: ${HOW}`;

/** The server that tests share: that of `TELEHOOK_TEST_POSTGRES`, or one that ends with this process. */
export async function sharedPostgres(): Promise<string> {
  return process.env["TELEHOOK_TEST_POSTGRES"] || (await (shared ??= startPostgres())).url;
}
let shared: Promise<TestPostgres> | undefined;

/** Starts a server on a free port of loopback. It ends with this process at the latest. */
export async function startPostgres(...settings: string[]): Promise<TestPostgres> {
  if (!isInstalled) throw new Error(`postgresql is not installed: ${HOW}`);
  const port = await freePort();
  const url = `postgres://telehook@127.0.0.1:${port}/postgres`;
  const child = spawn("bash", [
    "-c",
    SCRIPT,
    "bash",
    String(port),
    ...settings.flatMap((each) => ["-c", each]),
  ], {
    stdio: ["pipe", "ignore", "inherit"],
  });
  child.unref();
  (child.stdin as unknown as { unref?(): void } | null)?.unref?.();
  await answers(url, child);
  return {
    url,
    async kill() {
      child.stdin?.write("kill\n");
      await answersNoLonger(url);
    },
    async restart() {
      child.stdin?.write("kill\n");
      await answersNoLonger(url);
      child.stdin?.write("start\n");
      await answers(url, child);
    },
  };
}

/**
 * Makes a cluster and starts it, as a user without privileges. Then it does what its input says, and at the end of its
 * input, which is the end of this process at the latest, it ends the server and removes the cluster.
 */
const SCRIPT = `
port=$1; shift
bin=$(dirname "$(command -v postgres || ls -d /usr/lib/postgresql/*/bin/postgres | sort -V | tail -1)")
test -x "$bin/initdb" || bin=$(dirname "$(readlink -f "$bin/postgres")")
directory=$(mktemp -d "\${TMPDIR:-/tmp}/telehook-postgres-XXXXXX")
as=
if [ "$(id -u)" = 0 ]; then
  id postgres >/dev/null 2>&1 && user=postgres || user=nobody
  chown "$user" "$directory"
  as="setpriv --reuid=$user --regid=$(id -g $user) --clear-groups"
fi
cd "$directory"
$as "$bin/initdb" -D "$directory/data" -U telehook -A trust -E UTF8 --no-locale --no-sync >/dev/null || exit 1
start() {
  $as "$bin/postgres" -D "$directory/data" -k "$directory" -p "$port" -c listen_addresses=127.0.0.1 -c fsync=off \\
    -c max_connections=150 "$@" >"$directory/log" 2>&1 &
  server=$!
}
end() {
  kill -STOP $server # it could start more of them meanwhile, and these would keep the next server from starting
  children=$(ps -o pid= --ppid $server)
  kill -9 $server $children 2>/dev/null
  wait $server 2>/dev/null
  for child in $children; do # the next server refuses to start while one of them still writes to the disk
    while kill -0 $child 2>/dev/null && ! ps -o stat= -p $child | grep -q Z; do sleep 0.02; done
  done
}
start "$@"
while read -r what; do
  test "$what" = kill && end
  test "$what" = start && start "$@"
done
end
rm -rf "$directory"
`;

async function answers(url: string, child: ChildProcess): Promise<void> {
  for (let tries = 0;; tries++) {
    const connection = new WireConnection(url);
    try {
      await connection.query("select 1");
      return;
    } catch (error) {
      if (tries > 1_000 || child.exitCode !== null) throw error;
    } finally {
      connection.close();
    }
    await pause(10);
  }
}

async function answersNoLonger(url: string): Promise<void> {
  for (let tries = 0; tries < 1_000; tries++) {
    const connection = new WireConnection(url);
    try {
      await connection.query("select 1");
    } catch {
      return;
    } finally {
      connection.close();
    }
    await pause(10);
  }
}
