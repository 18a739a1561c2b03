import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Build } from "./build.ts";
import { run } from "./child.ts";
import { CONNECTIONS, FIRST_ID, SECRET, textUpdate } from "./deliveries.ts";
import type { Load, LoadGenerator } from "./load_generator.ts";

/** `wrk` as bench/http.ts uses it, or load.ts where there is none, on whichever core is free. */
export function anywhere(built: Build): LoadGenerator {
  const { error, stdout } = spawnSync("wrk", ["--version"], { encoding: "utf8" });
  if (error !== undefined) {
    return {
      name: "load.ts on Node",
      async send(url, firstId, ms) {
        return JSON.parse(await run(["node", built.file("bench/load.ts"), url, String(firstId), String(ms)]));
      },
    };
  }
  const body = built.file("body.json");
  writeFileSync(body, textUpdate(FIRST_ID));
  const script = fileURLToPath(new URL("load.lua", import.meta.url));
  const options = ["-t1", `-c${CONNECTIONS}`, "-s", script];
  return {
    name: /^wrk \S+/.exec(stdout)?.[0] ?? "wrk",
    async send(url, firstId, ms) {
      const seconds = `-d${Math.max(1, Math.round(ms / 1_000))}s`; // wrk counts in whole ones
      const text = await run(["wrk", seconds, ...options, url, "--", body, SECRET, String(firstId)]);
      const { refused, broken, ...load }: Load & { refused: number; broken: number } = JSON.parse(
        text.slice(text.lastIndexOf("{")),
      );
      assert.deepEqual({ refused, broken }, { refused: 0, broken: 0 }, "every answer is 200");
      return load;
    },
  };
}
