/**
 * Tests for authors of stores: every rule of {@link InboxStore}, one by one and in random histories, with calls that
 * overlap, fail and are repeated, and with several processes. `docs/writing-a-store.md` explains how to write one.
 *
 * @module
 */
import assert from "node:assert/strict";
import * as nodeTest from "node:test";
import { testAlbums } from "./store/albums.ts";
import type { TestScope } from "./store/clock.ts";
import { testDurable } from "./store/durable.ts";
import { testExactValues } from "./store/exact_values.ts";
import { testAgainstModel } from "./store/model.ts";
import { testParked } from "./store/parked.ts";
import { testRepeatedCalls } from "./store/repeated_calls.ts";
import { testSingleUpdates } from "./store/single_updates.ts";
import { type Group, type TestStoreOptions, Trial } from "./store/trial.ts";

export {
  serverClock,
  type ServerClockOptions,
  stoppedClock,
  type StoreClock,
  type TestScope,
} from "./store/clock.ts";
export type * from "../store/inbox_store.ts";
export type * from "../store/album_rules.ts";
export type * from "../updates/mod.ts";
export type { TestStoreOptions } from "./store/trial.ts";
export {
  unreliableStore,
  UnreliableStoreError,
  type UnreliableStoreOptions,
} from "./store/unreliable_store.ts";

/**
 * Tests a store: adds some hundred tests to the file that calls it, for `node:test` (which Deno and Bun have too) or
 * another test runner.
 *
 * @param options How stores are made, and what they promise.
 * @see {@link InboxStore}
 *
 * @example A test file for `node --test`, `deno test` or `bun test`
 * ```ts ignore
 * import { testStore } from "@telehook/telehook/testing/store";
 * import { rm } from "node:fs/promises";
 * import { MyStore } from "./my_store.ts";
 *
 * testStore({
 *   name: "MyStore",
 *   isDurable: true,
 *   isShared: false,
 *   make(place, t) {
 *     const path = `/tmp/${place}.json`;
 *     t.after(() => rm(path, { force: true }));
 *     return new MyStore(path);
 *   },
 * });
 * ```
 */
export function testStore(options: TestStoreOptions): void {
  const { name, isDurable } = options;
  const { describe = nodeTest.describe, it = nodeTest.it } = options;
  const groups: [string, (test: Group) => void][] = [
    ["single updates", testSingleUpdates],
    ["exact values", testExactValues],
    ["albums", testAlbums],
    ["parking and closing", testParked],
    ["repeated calls", testRepeatedCalls],
    ["the model", (test) => testAgainstModel(test, options)],
  ];
  if (isDurable) groups.push(["several processes", (test) => testDurable(test, options)]);
  for (const [group, addTests] of groups) {
    describe(`${name}: ${group}`, () => {
      addTests((title, test) => it(title, () => run(options, test)));
    });
  }
}

async function run(options: TestStoreOptions, test: (trial: Trial) => Promise<void>): Promise<void> {
  const undone: (() => unknown)[] = [];
  const scope: TestScope = { after: (undo) => void undone.unshift(undo) };
  try {
    const trial = await Trial.start(options, scope);
    const { isDurable, isShared } = trial.store;
    assert.deepEqual({ isDurable, isShared }, { isDurable: options.isDurable, isShared: options.isShared });
    await test(trial);
    assert.deepEqual(trial.failed, []);
    assert.deepEqual(trial.lost, []);
  } finally {
    for (const undo of undone) await undo();
  }
}
