/*
 * What telehook costs without any network, compared with the least that could be done:
 *
 *     node --import tsx bench/in_process.ts [--rounds 60] [--runtimes node,bun]
 *
 * - `handler(request)`: the floor is `await request.json()` and `new Response()`; and, as a second one, a handler that makes
 *   the same checks by hand and nothing else.
 * - the bytes-in way that `node:http` takes: the floors are `JSON.parse` of a text, and decoding before that.
 *
 * Requests are made before the clock starts, each with its own update_id. Ratios are medians over alternating rounds.
 * Heap is from a separate run: what `heapUsed` grows by while no collection runs (V8 with a young generation of 64
 * MiB), garbage included.
 */
import { parseArgs } from "node:util";
import { build } from "./build.ts";
import { run } from "./child.ts";
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
try {
  for (const { name, command, commandWithGc } of findRuntimes(values.runtimes?.split(","))) {
    const script = built.file("bench/in_process_measure.ts");
    const measure = async (how: readonly string[], rounds: string): Promise<Measured[]> =>
      JSON.parse(await run([...how, script, rounds]));
    const times = await measure(command, values.rounds);
    // JavaScriptCore tells only after a collection what it holds.
    const heaps = name.startsWith("Bun") ? [] : await measure(commandWithGc, "5");
    for (const [i, { what, floor, floorValue, value, ratio }] of times.entries()) {
      rows.push([
        name,
        what,
        floor,
        floorValue.toFixed(2),
        value.toFixed(2),
        ratio.toFixed(2),
        heaps[i]?.floorValue.toFixed(0) ?? "–",
        heaps[i]?.value.toFixed(0) ?? "–",
      ]);
    }
  }
} finally {
  built.remove();
}
console.log(`${head}\n${values.rounds} alternating rounds of 1000 updates\n\n${table(rows)}`);
