import assert from "node:assert/strict";
import { pause } from "../../platform/pause.ts";
import type { Batch } from "../../store/inbox_store.ts";
import { numbersFrom } from "./model.ts";
import { entry, type Group, ids } from "./trial.ts";
import { unreliableStore } from "./unreliable_store.ts";

/** Calls that are repeated because they have failed, or because nobody knows whether they have. */
export function testRepeatedCalls(test: Group): void {
  for (const seed of [1, 2]) {
    test(`repeated calls do no harm: seed ${seed}`, async (trial) => {
      const below = numbersFrom(seed);
      const random = () => below(1_000) / 1_000;
      const store = unreliableStore(trial.store, { random, slowMs: 0, leaseMs: 1, failsAfter: 0.25 });
      const until = async <T>(call: () => T | Promise<T>): Promise<T> => {
        for (let tries = 0;; tries++) {
          try {
            return await call();
          } catch (error) {
            if (tries > 50) throw error;
          }
        }
      };
      const all = Array.from({ length: 60 }, (_, i) => i + 1);
      const lanes = [0, 1, 2, 3, 4];
      await Promise.all(lanes.map(async (lane) => {
        for (const id of all.filter((each) => each % 5 === lane)) {
          await until(() => store.add(entry(id, { lane }), "append"));
        }
      }));
      const stats = await until(() => store.stats());
      assert.deepEqual([stats.updates, stats.lanes], [60, 5]);
      const done: number[] = [];
      const parked: number[] = [];
      const handle = async (batch: Batch): Promise<void> => {
        const how = below(10);
        if (how === 0) return await until(() => store.retry(batch, 0, { attempts: 1, failures: 1 }));
        if (how === 1) {
          parked.push(...ids(batch));
          return await until(() => store.park(batch, { error: "x", attempts: 1, keepMs: 3_600_000 }));
        }
        done.push(...ids(batch));
        const next = await until(() => store.complete(batch, true));
        if (next !== undefined) await handle(next);
      };
      for (let rounds = 0; done.length + parked.length < all.length; rounds++) {
        assert.ok(rounds < 1_000, `Only ${done.length} and ${parked.length} of ${all.length} have ended`);
        await Promise.all((await until(() => store.claim(3, 0))).map(handle));
        await pause(1); // for claims that nobody has learned of
      }
      assert.deepEqual([...done, ...parked].sort((a, b) => a - b), all);
      for (const lane of lanes) {
        const own = done.filter((id) => id % 5 === lane);
        assert.deepEqual(own, [...own].sort((a, b) => a - b), "Each lane is handled in its order");
      }
      const listed = await until(() => store.parked(0, 100));
      assert.deepEqual(listed.map(({ id }) => id), parked.sort((a, b) => a - b));
      assert.deepEqual(trial.counts, { count: 0, chars: 0 });
      await trial.rests();
    });
  }
}
