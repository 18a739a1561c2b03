/*
 * Memory after a million updates equals memory after ten thousand: texts, parts of albums, repeats and failures through
 * one webhook.
 *
 *     node --expose-gc --import tsx bench/memory.ts [--updates 1000000]
 *     deno run -A --no-check --v8-flags=--expose-gc bench/memory.ts
 *     bun --expose-gc bench/memory.ts
 */
import assert from "node:assert/strict";
import { parseArgs } from "node:util";
import { type Update, webhook } from "../mod.ts";
import { machine } from "./machine.ts";

const { values } = parseArgs({ options: { updates: { type: "string", default: "1000000" } } });
const updates = Number(values.updates);
const WARM = 100_000; // as many as are remembered at the most, and some
const { gc } = globalThis as { gc?: () => void };
if (gc === undefined) throw new Error("Run it with --expose-gc, as its first lines say");

let handled = 0;
const hook = webhook((update) => {
  handled += "message_media_group" in update ? update.message_media_group.updates.length : 1;
  if ("message" in update && update.update_id % 97 === 0) throw new Error("on purpose");
}, { secretToken: null, onError: () => {}, maxAttempts: 2 });

function updateOf(update_id: number): Update {
  const chat = { id: 1 + update_id % 1_000, type: "private" } as const;
  // Every fifth chat sends albums of two: its two latest updates, one part each.
  const album = update_id % 5 === 0 ? { media_group_id: String(Math.floor(update_id / 2_000)) } : {};
  return {
    update_id,
    message: { message_id: update_id, date: 0, chat, text: `text ${update_id}`, ...album },
  };
}

async function bring(first: number, last: number): Promise<void> {
  for (let id = first; id <= last; id++) {
    const update = updateOf(id);
    await hook.receive(update).catch(() => hook.receive(update).catch(() => {}));
    if (id % 50 === 0) await hook.receive(update);
    if (id % 1_000 === 0) await new Promise((resolve) => setTimeout(resolve, 0)); // timers have their turn
  }
}

/** Bytes in use once everything is collected that can be. */
async function settled(): Promise<number> {
  for (let i = 0; i < 5; i++) {
    await new Promise((resolve) => setTimeout(resolve, 300)); // albums that wait are handed over after a second
    gc?.();
  }
  return globalThis.process.memoryUsage().heapUsed;
}

console.log(machine());
await bring(1, 10_000);
const early = await settled();
await bring(10_001, WARM);
const warm = await settled();
await bring(WARM + 1, updates);
const late = await settled();
const mib = (bytes: number) => (bytes / 2 ** 20).toFixed(2);
console.log(
  `heap after 10 000: ${mib(early)} MiB · ${WARM}: ${mib(warm)} MiB · ${updates}: ${
    mib(late)
  } MiB · ${handled} handled`,
);
assert.ok(late - warm < 2 ** 20, "nothing grows with the number of updates");
await hook.close();
