/*
 * What it costs to hold 100 000 albums of ten that all come at the same time, part by part:
 *
 *     node --import tsx bench/albums.ts [--groups 100000] [--rounds 3] [--runtimes node,deno]
 *
 * Time is for each part, from the parsed update on; the tenth completes its album, which is merged and passed on in
 * that time. Beside it, in the same rounds, the least that merging takes (a `Map` of arrays that nothing ever
 * completes) and what suggests itself (a timer for each album, restarted with each part). Memory is for each album of
 * which nine parts are pending, beyond those parsed parts, after a collection.
 */
import { parseArgs } from "node:util";
import type { Measured } from "./albums_measure.ts";
import { build } from "./build.ts";
import { onCore, run } from "./child.ts";
import { machine, median, table } from "./machine.ts";
import { findRuntimes } from "./runtimes.ts";

const { values } = parseArgs({
  options: {
    groups: { type: "string", default: "100000" },
    rounds: { type: "string", default: "3" },
    runtimes: { type: "string" },
  },
});
const head = machine();
const built = build();
const rows = [[
  "runtime",
  "what",
  "µs for a first part",
  "for a further part",
  "for the tenth",
  "µs/part over all",
  "beyond the Map",
  "bytes/album beyond its updates",
  "timers at most",
]];
const WAYS = { map: "a Map of arrays", timers: "a timer for each album", telehook: "telehook" };
try {
  for (const { name, commandWithGc } of findRuntimes(values.runtimes?.split(","))) {
    const measured: Record<string, Measured[]> = { map: [], timers: [], telehook: [] };
    for (let round = 0; round < Number(values.rounds); round++) {
      for (const way of Object.keys(WAYS)) { // a process for each, so that none inherits another's heap
        const script = [built.file("bench/albums_measure.ts"), way, values.groups];
        measured[way]?.push(JSON.parse(await run(onCore(0, [...commandWithGc, ...script]))));
      }
    }
    for (const [way, label] of Object.entries(WAYS)) {
      const all = (field: keyof Measured, of = measured[way]) => (of ?? []).map((each) => each[field]);
      const floor = all("part", measured.map);
      rows.push([
        name,
        label,
        median(all("first")).toFixed(2),
        median(all("further")).toFixed(2),
        way === "telehook" ? median(all("tenth")).toFixed(2) : "–",
        median(all("part")).toFixed(2),
        median(all("part").map((each, round) => each - (floor[round] ?? 0))).toFixed(2),
        median(all("bytes")).toFixed(0),
        Math.max(...all("timers")).toFixed(0),
      ]);
    }
  }
} finally {
  built.remove();
}
console.log(`${head}\n${values.groups} albums of ten, medians of ${values.rounds} rounds\n\n${table(rows)}`);
