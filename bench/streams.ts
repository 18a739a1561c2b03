/*
 * What it costs to hand updates to subscribers as async iterables, beside the least that a `for await` loop can be fed by (an
 * array and a promise, without filter, bound or end):
 *
 *     node --import tsx bench/streams.ts [--rounds 20] [--runtimes node,deno]
 */
import { parseArgs } from "node:util";
import { build } from "./build.ts";
import { run } from "./child.ts";
import { machine, table } from "./machine.ts";
import { findRuntimes } from "./runtimes.ts";
import type { Measured } from "./streams_measure.ts";

const { values } = parseArgs({
  options: { rounds: { type: "string", default: "20" }, runtimes: { type: "string" } },
});
const head = machine();
const built = build();
const rows = [[
  "runtime",
  "subscribers",
  "floor µs/update",
  "telehook µs/update",
  "telehook µs/update and subscriber",
  "ratio",
]];
try {
  for (const { name, command } of findRuntimes(values.runtimes?.split(","))) {
    const script = [built.file("bench/streams_measure.ts"), values.rounds];
    const measured: Measured[] = JSON.parse(await run([...command, ...script]));
    for (const { subscribers, floorUs, us, ratio } of measured) {
      rows.push([
        name,
        String(subscribers),
        floorUs.toFixed(2),
        us.toFixed(2),
        (us / subscribers).toFixed(2),
        ratio.toFixed(2),
      ]);
    }
  }
} finally {
  built.remove();
}
console.log(`${head}\nmedians of ${values.rounds} alternating rounds of 1000 updates\n\n${table(rows)}`);
