import assert from "node:assert/strict";
import type { Lane } from "../../store/inbox_store.ts";
import type { Update } from "../../updates/mod.ts";
import { entry, type Group, ids, KEPT, type Trial, updateOf } from "./trial.ts";

/** All of ASCII, and what is often cut off, folded or refused. */
const ODD_TEXT = `${
  String.fromCharCode(...Array(128).keys())
} é e\u0301 ß 🐕 \u2028 \ufeff \uffff \\u0000 \ud83d`;

/** Whatever the inbox passes to a store is kept completely: every character of a text, every digit of a number. */
export function testExactValues(test: Group): void {
  test("lanes are told apart by every character of their texts", async (trial) => {
    const long = "long ".repeat(50);
    const lanes = [
      ...["a lane", "A lane", "a lane ", " a lane", "a  lane", "a\u00a0lane", "a la%", "a l_ne", "a lane\\0"],
      ...["á lane", "a\u0301 lane", "ß lane", "ss lane", "a 🐕", "a 🐈", "1", "01", "1.0"],
      ...[`${long}a`, `${long}b`],
    ];
    for (const [i, lane] of lanes.entries()) {
      await trial.adds(entry(i + 1, { lane }), "alone", "behind");
      await trial.adds(entry(i + 1, { lane }));
    }
    assert.equal((await trial.store.stats()).lanes, lanes.length);
    assert.deepEqual(await claimedLanes(trial), lanes);
  });

  test("albums are told apart by every character of their keys", async (trial) => {
    const keys = ["an album", "An album", "an album ", "an albúm", "1", "01"];
    for (const [i, key] of keys.entries()) await trial.adds(trial.part(i + 1, key));
    for (const [i, key] of keys.entries()) await trial.adds(trial.part(i + 11, key), "added", "join");
    await trial.pass(10);
    for (const [i, key] of keys.entries()) {
      const batch = await trial.claim(i + 1, i + 11);
      assert.deepEqual([batch.album, batch.isLate], [key, false]);
      await trial.store.complete(batch, false);
    }
  });

  test("lanes may be any finite numbers", async (trial) => {
    const lanes = [0.5, -0.25, 1e300, -1e-300, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER];
    for (const [i, lane] of lanes.entries()) await trial.adds(entry(i + 1, { lane }));
    assert.deepEqual(await claimedLanes(trial), lanes);
  });

  test("updates may have any ids that are safe integers", async (trial) => {
    const { store } = trial;
    const all = [
      7,
      7 + 2 ** 31,
      7 + 2 ** 32,
      7 + 2 ** 33,
      Number.MAX_SAFE_INTEGER - 1,
      Number.MAX_SAFE_INTEGER,
    ];
    for (const id of all) {
      await trial.adds(entry(id, { chars: 100 })); // though others were handled
      await trial.adds(entry(id, { chars: 100 }), "known");
      await store.park(await trial.claim(id), KEPT);
    }
    assert.deepEqual((await store.parked(7 + 2 ** 31, 10)).map(({ id }) => id), all.slice(2));
    for (const id of all) {
      assert.equal(await store.replay(id), true, `Update ${id}`);
      await trial.completes(id);
    }
  });

  test("updates are kept with every character, also while they are parked", async (trial) => {
    const { store } = trial;
    const odd = oddUpdate(1, [0.1, -1e-300, 1e300, Number.MAX_SAFE_INTEGER, [], {}, "", null, false]);
    const large = oddUpdate(2, "é🐕x".repeat(149_000)); // almost 1 MiB
    await trial.adds(entry(1, { update: odd }));
    await trial.adds(entry(2, { update: large, json: JSON.stringify(large) }));
    for (const update of [odd, large]) {
      const batch = await trial.claim(update.update_id);
      assert.deepEqual(batch.updates, [update]);
      await store.park(batch, KEPT);
    }
    assert.deepEqual((await store.parked(0, 10)).flatMap(({ updates }) => updates), [odd, large]);
    assert.equal(await store.replay(2), true);
    assert.deepEqual((await trial.claim(2)).updates, [large]);
  });

  test("what a handler has changed is retried, parked and replayed as it arrived", async (trial) => {
    const { store } = trial;
    const json = JSON.stringify(updateOf(1));
    const adopted = await trial.takes(entry(1, { update: changed(1), json }));
    await store.retry(adopted, 0, { attempts: 1, failures: 1 });
    const again = await trial.claim(1);
    assert.deepEqual(again.updates, [updateOf(1)]);
    Object.assign(again.updates[0] ?? {}, changed(1));
    await store.park(again, KEPT);
    assert.deepEqual((await store.parked(0, 10)).map(({ updates }) => updates), [[updateOf(1)]]);
    assert.equal(await store.replay(1), true);
    assert.deepEqual((await trial.claim(1)).updates, [updateOf(1)]);
  });

  test("parts of an album that have changed are retried as they arrived", async (trial) => {
    for (const id of [2, 1, 3]) {
      const json = id === 1 ? undefined : JSON.stringify(updateOf(id));
      await trial.adds(trial.part(id, "album", { update: id === 1 ? updateOf(1) : changed(id), json }));
    }
    await trial.pass(10);
    const album = await trial.claim(2, 1, 3);
    Object.assign(album.updates[1] ?? {}, changed(1));
    await trial.store.retry(album, 0, { attempts: 1, failures: 1 });
    assert.deepEqual((await trial.claim(2, 1, 3)).updates, [2, 1, 3].map(updateOf));
  });

  test("the text of an error is kept completely", async (trial) => {
    const error = "TypeError: 'é' is not a \"🐕\"\n\tat line \\ 1\n".repeat(200);
    await trial.store.park(await trial.takes(entry(1)), { ...KEPT, error });
    assert.equal((await trial.store.parked(0, 10))[0]?.error, error);
  });
}

/** The lanes of all that can be claimed, in the order in which their updates were added. */
async function claimedLanes(trial: Trial): Promise<readonly Lane[]> {
  const lanes: [number, Lane][] = [];
  for (let batch = await trial.claimOne(); batch !== undefined; batch = await trial.claimOne()) {
    lanes.push([ids(batch)[0] ?? 0, batch.lane]);
  }
  return lanes.sort(([a], [b]) => a - b).map(([, lane]) => lane);
}

function oddUpdate(id: number, extra: unknown): Update {
  return withMessage(id, { text: ODD_TEXT, [ODD_TEXT]: extra });
}

function changed(id: number): Update {
  return withMessage(id, { text: "changed" });
}

function withMessage(id: number, fields: object): Update {
  const update = updateOf(id);
  return Object.assign(update, { message: { ...("message" in update ? update.message : {}), ...fields } });
}
