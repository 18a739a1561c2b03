import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { pause } from "../../src/platform/pause.ts";
import type { TestScope } from "../../src/testing/store.ts";
import { sharedRedis, skipWithoutRedis } from "./redis_server.ts";
import { test } from "../scoped_it.ts";
import { claimSoon, entry, ids, newName } from "../store/server_store.ts";
import { clientFor, openStore } from "./scope.ts";

const LEASE_MS = 900;

const LOADER = "Deno" in globalThis
  ? ["run", "-A", "--no-check"]
  : "Bun" in globalThis
  ? []
  : ["--import", "tsx"];

/** A process that claims one batch, and the lines that it writes. */
function startChild(t: TestScope, url: string, name: string) {
  const script = fileURLToPath(new URL("process_child.ts", import.meta.url));
  const child: ChildProcess = spawn(process.execPath, [...LOADER, script, url, name, String(LEASE_MS)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  // Deno's child.kill() does nothing the second time.
  const kill = (signal: string) => void process.kill(child.pid ?? assert.fail(), signal);
  const exited = new Promise((resolve) => child.once("exit", resolve));
  t.after(async () => {
    if (child.exitCode === null && child.signalCode === null) kill("SIGKILL");
    await exited;
  });
  const lines: string[] = [];
  const waiting: (() => void)[] = [];
  createInterface({ input: child.stdout ?? assert.fail() }).on("line", (line) => {
    lines.push(line);
    for (const each of waiting.splice(0)) each();
  });
  const line = async (expected: string) => {
    const until = performance.now() + 10_000;
    while (!lines.includes(expected)) {
      assert.ok(performance.now() < until, `It has only written: ${lines}`);
      await Promise.race([new Promise<void>((resolve) => waiting.push(resolve)), pause(1_000)]);
    }
  };
  return { kill, line };
}

test(
  "a process that is stopped beyond its lease finds that its batch is lost",
  skipWithoutRedis,
  async (t) => {
    const url = await sharedRedis();
    const name = newName();
    const { store, heard } = await openStore(t, clientFor(t, url), { name, leaseMs: LEASE_MS });
    await store.add(entry(1), "append");
    await store.add(entry(2), "append");
    const { kill, line } = startChild(t, url, name);
    await line("claimed 1");
    kill("SIGSTOP");
    const began = performance.now();
    const [batch = assert.fail()] = await claimSoon(store);
    assert.ok(performance.now() - began > LEASE_MS / 2, "It waits for the lease to end");
    assert.deepEqual([ids([batch]), batch.crashes, batch.crashesAlone], [[1], 1, 1]);
    kill("SIGCONT");
    await line("lost 1");
    await store.complete(batch, false);
    assert.deepEqual(ids(await store.claim(9, 0)), [2]);
    assert.deepEqual(heard.batches, []);
  },
);

test(
  "what a process had claimed that was killed is due when its lease has ended",
  skipWithoutRedis,
  async (t) => {
    const url = await sharedRedis();
    const name = newName();
    const client = clientFor(t, url);
    const { store, heard } = await openStore(t, client, { name, leaseMs: LEASE_MS, subscriber: client });
    await store.add(entry(1), "append");
    const { kill, line } = startChild(t, url, name);
    await line("claimed 1");
    await store.claim(1, 0);
    kill("SIGKILL");
    const began = performance.now();
    for (let batches = await store.claim(9, 0);; batches = await store.claim(9, 0)) { // only when it is woken
      if (batches.length > 0) break;
      assert.ok(performance.now() - began < 5_000);
      await heard.nextWake();
      await pause(heard.wakeIn ?? 0);
    }
    assert.ok(performance.now() - began < 2 * LEASE_MS, "It is woken soon after");
    // From now on, what could have ended that process is found in the store.
    assert.equal(typeof await store.add(entry(2, { lane: "other" }), "behind"), "object");
  },
);
