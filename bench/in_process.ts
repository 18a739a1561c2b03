/*
 * What telehook costs without any network, beside the least that could be done:
 *
 *     node --import tsx bench/in_process.ts [--rounds 60] [--runtimes node,bun]
 *
 * - `handler(request)`: the floor is `await request.json()` and `new Response()`.
 * - the bytes-in way that `node:http` takes: the floors are `JSON.parse` of a text, and decoding before that.
 *
 * Requests are made before the clock starts, each with an update_id of its own. Ratios are medians over alternating rounds.
 * Heap is what `heapUsed` grows by while no collection runs (V8 with a young generation of 64 MiB), garbage included.
 */
import { parseArgs } from "node:util";
import { build } from "./build.ts";
import { onCore, run } from "./child.ts";
import type { Measured } from "./in_process_measure.ts";
import { machine, table } from "./machine.ts";
import { findRuntimes } from "./runtimes.ts";

const { values } = parseArgs({
  options: { rounds: { type: "string", default: "60" }, runtimes: { type: "string" } },
});
const head = machine();
const built = build();
const rows = [[
  "runtime",
  "what",
  "floor",
  "floor µs",
  "telehook µs",
  "ratio",
  "floor heap B",
  "telehook heap B",
]];
const bytes = (count: number | undefined) => count === undefined ? "–" : count.toFixed(0);
try {
  for (const { name, commandWithGc } of findRuntimes(values.runtimes?.split(","))) {
    const script = [built.file("bench/in_process_measure.ts"), values.rounds];
    const measured: Measured[] = JSON.parse(await run(onCore(0, [...commandWithGc, ...script])));
    for (const { what, floor, floorUs, us, ratio, floorHeap, heap } of measured) {
      rows.push([
        name,
        what,
        floor,
        floorUs.toFixed(2),
        us.toFixed(2),
        ratio.toFixed(2),
        bytes(floorHeap),
        bytes(heap),
      ]);
    }
  }
} finally {
  built.remove();
}
console.log(`${head}\n${values.rounds} alternating rounds of 1000 updates\n\n${table(rows)}`);
