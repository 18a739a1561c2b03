import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pause } from "../../src/platform/pause.ts";
import { freePort } from "../../src/testing/free_port.ts";
import { respClient } from "./resp_client.ts";

const isInstalled = spawnSync("redis-server", ["--version"]).status === 0;

/** A server of one test file's own. */
export interface TestRedis {
  readonly url: string;
  /** Ends the server at once, as a power failure does, and starts it again on what it had written. */
  restart(): Promise<void>;
  /** Ends the server at once, and deletes what it has written. */
  kill(): Promise<void>;
}

const HOW = 'run  eval "$(.ci/servers start)"  which installs and starts one (on Debian)';

/** Whether tests are skipped that can share a server, and why. Never in CI: there, a missing server is a failure. */
export const skipWithoutRedis: string | undefined =
  process.env["TELEHOOK_TEST_REDIS"] || isInstalled || process.env["CI"]
    ? undefined
    : `needs a Redis server: ${HOW}`;

/** The same for tests that start separate servers. */
export const skipWithoutOwnRedis: string | undefined = isInstalled || process.env["CI"]
  ? undefined
  : `needs redis-server: ${HOW}`;

/** The server that tests share: that of `TELEHOOK_TEST_REDIS`, or one that ends with this process. */
export async function sharedRedis(): Promise<string> {
  return process.env["TELEHOOK_TEST_REDIS"] ?? (await (shared ??= startRedis())).url;
}
let shared: Promise<TestRedis> | undefined;

/**
 * Starts a server on a free port of loopback. It writes what it does to a file (AOF), but not always at once. It ends with
 * this process at the latest.
 */
export async function startRedis(...settings: string[]): Promise<TestRedis> {
  if (!isInstalled) throw new Error(`redis-server is not installed: ${HOW}`);
  const directory = mkdtempSync(join(tmpdir(), "telehook-redis-"));
  const port = await freePort();
  const url = `redis://127.0.0.1:${port}`;
  const start = async () => {
    const child = spawnServer(directory, [
      ...["--port", String(port), "--bind", "127.0.0.1", "--dir", directory, "--save", ""],
      ...["--appendonly", "yes", "--appendfsync", "everysec", "--loglevel", "warning", ...settings],
    ]);
    try {
      await answers(url);
    } catch (cause) {
      child.stdin?.end("keep\n");
      const log = readFileSync(join(directory, "log"), "utf8").slice(-2_000);
      throw new Error(`redis-server does not answer. It has written: ${log}`, { cause });
    }
    return child;
  };
  let child: ChildProcess;
  try {
    child = await start();
  } catch (error) {
    // A server of a cluster also listens on a port that is 10 000 higher, which nobody has looked at.
    if (!String(error).includes("Address already in use")) throw error;
    return await startRedis(...settings);
  }
  const end = async (what: string) => {
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.ref();
    child.stdin?.end(what);
    await ended;
  };
  return {
    url,
    kill: () => end(""),
    async restart() {
      await end("keep\n");
      child = await start();
    },
  };
}

/** A shell waits for the end of its input, which is this process's end at the latest, and ends the server then. */
function spawnServer(directory: string, args: readonly string[]): ChildProcess {
  const script =
    'redis-server "$@" >>"$DIRECTORY/log" 2>&1 & read -r what; kill -9 $!; wait $! 2>/dev/null; ' +
    'test "$what" = keep || rm -rf "$DIRECTORY"';
  const child = spawn("bash", ["-c", script, "bash", ...args], {
    stdio: ["pipe", "ignore", "ignore"],
    env: { ...process.env, DIRECTORY: directory },
  });
  child.unref();
  (child.stdin as unknown as { unref?(): void } | null)?.unref?.();
  return child;
}

async function answers(url: string): Promise<void> {
  const client = respClient(url);
  try {
    for (let tries = 0;; tries++) {
      const answer = await client.send("PING", []).catch((error: Error) => error);
      if (answer === "PONG" || String(answer).includes("NOAUTH")) return;
      if (tries > 500) throw answer;
      await pause(10);
    }
  } finally {
    client.close();
  }
}
