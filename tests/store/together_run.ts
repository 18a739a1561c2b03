import assert from "node:assert/strict";
import type { Added, AddMode, Batch, InboxStore, StoreEntry } from "../../src/store/inbox_store.ts";
import { randomNumbers } from "../random_numbers.ts";
import { entry, ids } from "./server_store.ts";

const MODES: readonly AddMode[] = ["behind", "behind", "claim", "claim", "claim", "append", "adopt", "join"];

/**
 * Two stores get the same calls: one store several in a turn, which go to the server together, and the other one after the
 * other. Both must do the same.
 */
export async function runTogether(open: () => Promise<InboxStore>, seed: number): Promise<void> {
  const random = randomNumbers(seed);
  const [store, model] = [await open(), await open()];
  let lastId = 0;
  let held: Batch[] = [];
  let heldByModel: Batch[] = [];
  for (let turn = 0; turn < 30; turn++) {
    const calls: [StoreEntry, AddMode][] = [];
    const mode = () => MODES[Math.floor(random() * MODES.length)] ?? "claim";
    const only = random() < 0.5 ? mode() : undefined; // as of a bot, where most calls are alike
    for (let count = 1 + Math.floor(random() * 12); count > 0; count--) {
      const id = random() < 0.15 ? 1 + Math.floor(random() * lastId) : ++lastId;
      const lane = id % 7; // an update is always of the same lane
      const rules = { quietMs: 60_000, maxWaitMs: 120_000, mostParts: 3 };
      const album = id % 3 === 0 ? { key: `album ${Math.floor(id / 20)}`, rules } : undefined;
      const how = only ?? mode();
      // The sender keeps the order of what is added "behind": it sends the next update of the lane only afterwards.
      if (calls.some((call) => call[0].lane === lane && (call[1] === "behind" || how === "behind"))) continue;
      calls.push([entry(id, { lane, album }), how]);
    }
    const added = await Promise.all(calls.map((call) => store.add(...call)));
    const expected: Added[] = [];
    for (const call of calls) expected.push(await model.add(...call));
    assert.deepEqual(added.map(textOf), expected.map(textOf), `turn ${turn}`);
    held = sorted(...held, ...added.filter(isBatch));
    heldByModel = sorted(...heldByModel, ...expected.filter(isBatch));

    const isDone = held.map(() => random() < 0.6);
    const next = await Promise.all(
      held.filter((_, i) => isDone[i]).map((each) => store.complete(each, true)),
    );
    const nextOfModel: (Batch | undefined)[] = [];
    for (const each of heldByModel.filter((_, i) => isDone[i])) {
      nextOfModel.push(await model.complete(each, true));
    }
    // Which call claims what is due is not said.
    held = sorted(...held.filter((_, i) => !isDone[i]), ...next, ...await store.claim(100, 0));
    heldByModel = sorted(
      ...heldByModel.filter((_, i) => !isDone[i]),
      ...nextOfModel,
      ...await model.claim(100, 0),
    );
    assert.deepEqual(held.map(textOf), heldByModel.map(textOf), `turn ${turn}`);
    assert.deepEqual([store.count, store.chars], [model.count, model.chars], `turn ${turn}`);
    assert.deepEqual(await countsOf(store), await countsOf(model), `turn ${turn}`);
  }
}

function sorted(...batches: readonly (Batch | undefined)[]): Batch[] {
  return batches.filter((each) => each !== undefined).sort((a, b) => (ids([a])[0] ?? 0) - (ids([b])[0] ?? 0));
}

function isBatch(added: Added): added is Batch {
  return typeof added === "object";
}

function textOf(added: Added): string {
  return isBatch(added) ? `${ids([added])} of ${added.lane} ${added.isLate} ${added.end}` : added;
}

async function countsOf(store: InboxStore): Promise<readonly number[]> {
  const { updates, lanes } = await store.stats();
  return [updates, lanes];
}
