import assert from "node:assert/strict";
import { pause } from "../../src/platform/pause.ts";
import { test } from "../scoped_it.ts";
import { entry, newName, runLongAnswers, runLongNext } from "../store/server_store.ts";
import { runTogether } from "../store/together_run.ts";
import { sharedRedis, skipWithoutOwnRedis, skipWithoutRedis, startRedis } from "./redis_server.ts";
import type { RespClient } from "./resp_client.ts";
import { clientFor, openStore } from "./scope.ts";

test("what is asked for in one turn goes to the server together", skipWithoutRedis, async (t) => {
  const client = clientFor(t, await sharedRedis());
  const commands: string[] = [];
  const send: RespClient["send"] = (command, args) => {
    commands.push(command);
    return client.send(command, args);
  };
  const { store } = await openStore(t, client, { name: newName(), send });
  await store.add(entry(1), "join"); // the server has the script now
  commands.length = 0;
  const added = await Promise.all([2, 3, 4].map((id) => store.add(entry(id, { lane: id }), "claim")));
  assert.deepEqual(commands, ["EVALSHA"]);
  const batches = added.filter((each) => typeof each === "object");
  await store.complete(batches[0] ?? assert.fail(), true);
  commands.length = 0;
  await Promise.all(batches.slice(1).map((each) => store.complete(each, true)));
  assert.deepEqual(commands, ["EVALSHA"]);
  assert.equal((await store.stats()).updates, 0);
});

test("the server does not get an update that is alone", skipWithoutRedis, async (t) => {
  const client = clientFor(t, await sharedRedis());
  const sent: string[] = [];
  const send: RespClient["send"] = (command, args) => {
    sent.push(args.join(" "));
    return client.send(command, args);
  };
  const { store } = await openStore(t, client, { name: newName(), send });
  await store.add(entry(1), "behind"); // the server has the script now
  sent.length = 0;
  assert.equal(await store.add(entry(2), "behind"), "alone");
  assert.deepEqual(sent.map((each) => each.includes("update_id")), [false]);
  await store.add(entry(3), "append");
  sent.length = 0;
  assert.equal(await store.add(entry(4), "behind"), "added");
  assert.deepEqual(sent.map((each) => each.includes("update_id")), [false, true]);
});

test("what is completed as a store closes is not handled again", skipWithoutRedis, async (t) => {
  const client = clientFor(t, await sharedRedis());
  const name = newName();
  const { store } = await openStore(t, client, { name });
  const batch = await store.add(entry(1), "claim");
  assert.ok(typeof batch === "object");
  const [completed] = await Promise.allSettled([store.complete(batch, false), store.close()]);
  assert.equal(completed.status, "fulfilled");
  const next = await openStore(t, client, { name });
  assert.deepEqual(await next.store.claim(1, 0), []);
});

test("large updates do not go together", skipWithoutRedis, async (t) => {
  const client = clientFor(t, await sharedRedis());
  const together: number[] = [];
  const send: RespClient["send"] = (command, args) => {
    if (command === "EVALSHA") together.push(args.filter((each) => each.startsWith('{"update_id"')).length);
    return client.send(command, args);
  };
  const { store } = await openStore(t, client, { name: newName(), send });
  await store.add(entry(9, { lane: 9 }), "append"); // the server has the script now
  together.length = 0;
  const json = (id: number) => JSON.stringify({ update_id: id, text: id < 4 ? "x".repeat(300_000) : "" });
  const added = await Promise.all(
    [1, 2, 3, 4, 5].map((id) => store.add(entry(id, { lane: id, json: json(id) }), "append")),
  );
  assert.deepEqual([added, together], [Array(5).fill("added"), [1, 1, 3]]);
});

test("an answer to several calls that is not all texts is refused", skipWithoutRedis, async (t) => {
  const client = clientFor(t, await sharedRedis());
  let parses = false;
  const send: RespClient["send"] = async (command, args) => {
    const answer = await client.send(command, args);
    return parses && Array.isArray(answer)
      ? answer.map((each) => /^\d+$/.test(each) ? Number(each) : each)
      : answer;
  };
  const { store } = await openStore(t, client, { name: newName(), send });
  parses = true;
  const added = await Promise.allSettled([1, 2].map((id) => store.add(entry(id, { lane: id }), "claim")));
  assert.deepEqual(
    added.map((each) => each.status === "rejected" && /instead of a list of texts/.test(String(each.reason))),
    [true, true],
  );
  parses = false;
  const again = await Promise.all([1, 2].map((id) => store.add(entry(id, { lane: id }), "claim")));
  assert.ok(again.every((each) => typeof each === "object"));
});

test(
  "what is parked is dropped when its time is over, though nobody looks at it",
  skipWithoutRedis,
  async (t) => {
    const client = clientFor(t, await sharedRedis());
    const name = newName();
    const { store } = await openStore(t, client, { name });
    for (const id of [1, 2]) {
      const batch = await store.add(entry(id), "claim");
      assert.ok(typeof batch === "object");
      await store.park(batch, { error: "It failed", attempts: 1, keepMs: 1 });
      await pause(5);
    }
    assert.deepEqual(await client.send("HKEYS", [`{telehook:${name}}:parked`]), ["2"]);
  },
);

for (const seed of [1, 2, 3, 4]) {
  test(
    `calls that go together do what they do one after the other: seed ${seed}`,
    skipWithoutRedis,
    async (t) => {
      const client = clientFor(t, await sharedRedis());
      await runTogether(async () => (await openStore(t, client, { name: newName() })).store, seed);
    },
  );
}

test("what is alone in its lane says nothing of what goes with it", skipWithoutRedis, async (t) => {
  const client = clientFor(t, await sharedRedis());
  const { store } = await openStore(t, client, { name: newName() });
  await store.add(entry(1, { lane: 1 }), "append");
  for (let place = 0; place < 4; place++) {
    const lanes = [10, 20, 30, 40].with(place, 1);
    const added = await Promise.all(
      lanes.map((lane) => store.add(entry(lane + 100 * place + 2, { lane }), "behind")),
    );
    assert.deepEqual(added, lanes.map((lane) => lane === 1 ? "added" : "alone"));
  }
});

test("a call that fails does not harm those that go with it", skipWithoutOwnRedis, async (t) => {
  const server = await startRedis();
  t.after(() => server.kill());
  const client = clientFor(t, server.url);
  const { store } = await openStore(t, client, { name: newName() });
  const held = await store.add(entry(1, { lane: 1 }), "claim");
  await client.send("CONFIG", ["SET", "maxmemory", "1"]);
  const results = await Promise.allSettled([
    store.add(entry(2, { lane: 2 }), "claim"),
    store.add(entry(3, { lane: 3 }), "behind"),
    store.add(entry(1, { lane: 1 }), "behind"),
    store.add(entry(4, { lane: 4 }), "append"),
  ]);
  assert.deepEqual(
    results.map((each) => each.status === "fulfilled" ? each.value : /OOM/.test(String(each.reason))),
    [true, "alone", "known", true],
  );
  await client.send("CONFIG", ["SET", "maxmemory", "0"]);
  assert.ok(typeof held === "object");
  await store.complete(held, false);
  assert.equal((await store.stats()).updates, 0);
});

test("what is long is claimed and listed in several answers", skipWithoutRedis, async (t) => {
  const { store } = await openStore(t, clientFor(t, await sharedRedis()), { name: newName() });
  await runLongAnswers(store);
});

test(
  "what is long is not claimed in one answer to several calls that complete",
  skipWithoutRedis,
  async (t) => {
    const { store } = await openStore(t, clientFor(t, await sharedRedis()), { name: newName() });
    await runLongNext(store);
  },
);
