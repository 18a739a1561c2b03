import assert from "node:assert/strict";
import { pause } from "../../src/platform/pause.ts";
import type { Batch, InboxStore } from "../../src/store/inbox_store.ts";
import type { TestScope } from "../../src/testing/store.ts";
import { randomNumbers } from "../random_numbers.ts";
import { type BadNetwork, badNetwork } from "./bad_network.ts";
import { entry, ids, type Until } from "./server_store.ts";

/** What differs between the stores that are tried. */
export interface BadNetworkRun {
  /** The address of the server. */
  readonly url: string;
  /** Opens a store of the bot that is tried, through a network. */
  open(url: string): Promise<InboxStore>;
  /** Which part of the answers is hit. 0 to 1. */
  readonly failing: number;
  /** The answers of each network that must be hit, so that the run proves something. */
  readonly moreHitsThan: number;
  /** Longer than any part of the album is delayed. Milliseconds. */
  readonly quietMs: number;
  readonly maxWaitMs: number;
  readonly until: Until;
}

/** Two processes handle 200 updates of eight lanes and one album, over networks that drop, delay and cut answers. */
export async function runOnBadNetworks(t: TestScope, run: BadNetworkRun): Promise<void> {
  const { quietMs, maxWaitMs, until } = run;
  const random = randomNumbers(7);
  const stores: InboxStore[] = [];
  const networks: BadNetwork[] = await Promise.all([1, 2].map(async () => {
    const network = await badNetwork(run.url, random);
    t.after(() => network.close());
    stores.push(await run.open(network.url));
    return network;
  }));
  const all = Array.from({ length: 200 }, (_, i) => i + 1);
  const albums = [201, 202, 203, 204, 205];
  const album = { key: "album", rules: { quietMs, maxWaitMs, mostParts: 10 } };
  for (const network of networks) network.failing = run.failing;

  const done: number[] = [];
  const pieces: number[][] = [];
  const running = new Set<string>();
  const handle = async (store: InboxStore, batch: Batch): Promise<void> => {
    const lane = `${batch.lane}`;
    assert.ok(!running.has(lane), `Lane ${lane} is handled twice at the same time`);
    running.add(lane);
    await pause(3 * random());
    for (const id of ids([batch])) if (!done.includes(id)) done.push(id);
    if (batch.album !== undefined) pieces.push(ids([batch]));
    running.delete(lane); // before the call: the next one may be claimed while its answer is under way
    let claimsNext = true;
    const next = await until(() => {
      const isFirst = claimsNext;
      claimsNext = false;
      return store.complete(batch, isFirst);
    });
    if (next !== undefined) await handle(store, next);
  };
  const latest = performance.now() + 60_000;
  const [first = assert.fail(), second = assert.fail()] = stores;
  const senders = [0, 1, 2, 3, 4, 5, 6, 7].map(async (lane) => {
    for (const id of all.filter((each) => each % 8 === lane)) {
      const to = random() < 0.5 ? first : second;
      const added = await until(() => to.add(entry(id, { lane }), "append"));
      assert.ok(added === "added" || added === "known");
    }
  });
  senders.push((async () => {
    for (const id of albums) {
      await until(() => (id % 2 === 0 ? first : second).add(entry(id, { lane: "album", album }), "append"));
    }
  })());
  const workers = stores.map(async (store) => {
    while (done.length < all.length + albums.length) {
      assert.ok(performance.now() < latest, `Only ${done.length} are handled`);
      const batches = await until(() => store.claim(3, 0));
      await Promise.all(batches.map((batch) => handle(store, batch)));
      await pause(2);
    }
  });
  await Promise.all([...senders, ...workers]);
  for (const network of networks) {
    assert.ok(network.hits > run.moreHitsThan, `Only ${network.hits} answers were hit`);
    network.failing = 0;
  }
  assert.deepEqual([...done].sort((a, b) => a - b), [...all, ...albums]);
  for (let lane = 0; lane < 8; lane++) {
    const own = done.filter((id) => id <= all.length && id % 8 === lane);
    assert.deepEqual(own, [...own].sort((a, b) => a - b), `Lane ${lane} is in order`);
  }
  assert.deepEqual(pieces[0], albums, "The album is whole");
  for (let tries = 0; tries < 300; tries++) {
    if ((await until(() => first.stats())).updates === 0) break;
    for (const batch of await until(() => first.claim(9, 0))) await until(() => first.complete(batch, false));
    await pause(10);
  }
}
