import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import process from "node:process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { pause } from "../../src/platform/pause.ts";
import type { InboxStore } from "../../src/store/inbox_store.ts";
import type { TestScope } from "../../src/testing/store.ts";
import { claimSoon, entry, type Heard, ids } from "./server_store.ts";

/** The lease of the stores of both processes. Milliseconds. */
export const LEASE_MS = 1_000;

/** What differs between the stores that are tried. */
export interface OtherProcessRun {
  readonly kind: "redis" | "postgres";
  readonly url: string;
  readonly name: string;
  /** The store of this process. */
  readonly store: InboxStore;
  readonly heard: Heard;
}

const LOADER = "Deno" in globalThis
  ? ["run", "-A", "--no-check"]
  : "Bun" in globalThis
  ? []
  : ["--import", "tsx"];

/** A bot in another process, and the lines that it writes. */
function startChild(t: TestScope, { kind, url, name }: OtherProcessRun) {
  const script = fileURLToPath(new URL("other_process_child.ts", import.meta.url));
  const child: ChildProcess = spawn(
    process.execPath,
    [...LOADER, script, kind, url, name, String(LEASE_MS)],
    {
      stdio: ["ignore", "pipe", "inherit"],
    },
  );
  // Deno's child.kill() does nothing the second time.
  const kill = (signal: string) => void process.kill(child.pid ?? assert.fail(), signal);
  const exited = new Promise((resolve) => child.once("exit", resolve));
  const end = async () => {
    if (child.exitCode === null && child.signalCode === null) kill("SIGKILL");
    await exited;
  };
  t.after(end);
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
  return { kill, line, lines, end };
}

/** A process that is stopped beyond its lease loses what it handles, and finds the handler's signal aborted. */
export async function runStopped(t: TestScope, run: OtherProcessRun): Promise<void> {
  const { store, heard } = run;
  await store.add(entry(1), "append");
  await store.add(entry(2), "append");
  const { kill, line, lines, end } = startChild(t, run);
  await line("handles 1");
  kill("SIGSTOP");
  const began = performance.now();
  const [batch = assert.fail()] = await claimSoon(store);
  assert.ok(performance.now() - began > LEASE_MS / 2, "It waits for the lease to end");
  assert.deepEqual([ids([batch]), batch.crashes, batch.crashesAlone], [[1], 1, 1]);
  kill("SIGCONT");
  await line("is told to stop 1");
  assert.deepEqual(lines, ["handles 1", "is told to stop 1"], "It handles nothing beside this process");
  await end();
  await store.complete(batch, false);
  assert.deepEqual(ids(await claimSoon(store)), [2]);
  assert.deepEqual(heard.batches, []);
}

/** What a process had claimed that was killed is due when its lease has ended, and the others are woken then. */
export async function runKilled(t: TestScope, run: OtherProcessRun): Promise<void> {
  const { store, heard } = run;
  await store.add(entry(1), "append");
  const { kill, line } = startChild(t, run);
  await line("handles 1");
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
}
