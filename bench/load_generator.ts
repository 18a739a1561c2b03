import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Build } from "./build.ts";
import { run } from "./child.ts";
import { CONNECTIONS, FIRST_ID, SECRET, textUpdate } from "./deliveries.ts";
import { findRuntimes } from "./runtimes.ts";

/** How one round of load went. */
export interface Load {
  /** Answers that came, each of them 200. */
  readonly answers: number;
  /** The first id that was not sent. */
  readonly nextId: number;
  readonly seconds: number;
  /** Milliseconds of processor time that sending took. */
  readonly cpuMs: number;
  /** Milliseconds from a delivery to its answer. */
  readonly p50: number;
  readonly p99: number;
}

/** What sends deliveries, from a separate process. */
export interface LoadGenerator {
  readonly name: string;
  send(url: string, firstId: number, ms: number): Promise<Load>;
}

/** Where a generator is to run: the command as it is, or on a separate core. */
export type Place = (command: readonly string[]) => readonly string[];

/** `wrk`, or `undefined` where there is none. */
export function wrk(built: Build, place: Place): LoadGenerator | undefined {
  const { error, stdout } = spawnSync("wrk", ["--version"], { encoding: "utf8" });
  if (error !== undefined) return undefined;
  const body = built.file("body.json");
  writeFileSync(body, textUpdate(FIRST_ID));
  const script = fileURLToPath(new URL("load.lua", import.meta.url));
  const options = ["-t1", `-c${CONNECTIONS}`, "-s", script];
  return {
    name: /^wrk \S+/.exec(stdout)?.[0] ?? "wrk",
    async send(url, firstId, ms) {
      const seconds = `-d${Math.max(1, Math.round(ms / 1_000))}s`; // wrk counts in whole ones
      const text = await run(place(["wrk", seconds, ...options, url, "--", body, SECRET, String(firstId)]));
      const { refused, broken, ...load }: Load & { refused: number; broken: number } = JSON.parse(
        text.slice(text.lastIndexOf("{")),
      );
      assert.deepEqual({ refused, broken }, { refused: 0, broken: 0 }, "every answer is 200");
      return load;
    },
  };
}

/** Our own, on the runtime whose sockets cost least: Bun where there is one, else Node. */
export function rawSockets(built: Build, place: Place): LoadGenerator {
  const [runtime] = [...findRuntimes(["bun"]), ...findRuntimes(["node"])];
  if (runtime === undefined) throw new Error("There is neither bun nor node to send with");
  return {
    name: `load.ts on ${runtime.name}`,
    async send(url, firstId, ms) {
      const args = [built.file("bench/load.ts"), url, String(firstId), String(ms)];
      return JSON.parse(await run(place([...runtime.command, ...args])));
    },
  };
}
