import { strict as assert } from "node:assert";
import process from "node:process";
import { describe, it } from "node:test";
import { freePort } from "../../src/testing/mod.ts";
import { RUNTIME } from "./adapters.ts";
import { albumPart, RawConnection, textUpdate } from "./raw_connection.ts";
import { SeveralProcesses } from "./reuse_port_processes.ts";

const elsewhere = RUNTIME !== "node" && "Deno and Bun share a port by reusePort alone";

describe("the workers of a node:cluster", { skip: elsewhere }, () => {
  it("share the port of listen(), one in the place of another that dies, until all close", async (t) => {
    const all = SeveralProcesses.startCluster(t, { workers: 2, replaces: true });
    await all.until(() => all.pids.length === 2, "two workers");
    const [first, second] = await all.connectToBoth();
    for (const [id, connection] of [[1, first], [2, second]] as const) {
      assert.equal((await connection.deliver({ update: textUpdate(id) })).status, 200);
    }
    assert.equal(new Set(all.lines().filter(({ began }) => began).map(({ pid }) => pid)).size, 2);

    await all.kill(all.pids[0]);
    await first.closed();
    assert.equal((await second.deliver({ update: textUpdate(3) })).status, 200);
    await all.until(() => all.pids.length === 3, "a worker in its place");
    const third = await all.connectTo(all.pids[2]);
    assert.equal((await third.deliver({ update: textUpdate(4) })).status, 200);

    assert.deepEqual(await all.end("SIGTERM"), [0]);
    const closed = all.lines().filter(({ closed }) => closed).map(({ pid }) => pid);
    assert.deepEqual(closed.toSorted(), all.pids.slice(1).toSorted());
    await Promise.all([second.closed(), third.closed()]);
    await assert.rejects(RawConnection.open(all.port), { code: "ECONNREFUSED" });
  });

  it("hand over pending albums when they and their primary are told to end, as Ctrl-C does", async (t) => {
    const all = SeveralProcesses.startCluster(t, { workers: 2 });
    await all.until(() => all.pids.length === 2, "two workers");
    const [first, second] = await all.connectToBoth();
    assert.equal((await first.deliver({ update: albumPart(1, "1") })).status, 200);
    assert.equal((await second.deliver({ update: albumPart(2, "2") })).status, 200);
    for (const pid of all.pids) process.kill(pid, "SIGTERM");
    assert.deepEqual(await all.end("SIGTERM"), [0]);
    assert.deepEqual(all.story().toSorted(), ["began 1", "began 2", "ended 1", "ended 2"]);
  });
});

describe("listen() in a cluster of Deno or Bun", { skip: RUNTIME === "node" }, () => {
  it("says that the port is in use to all workers but one", async (t) => {
    const port = await freePort();
    const all = SeveralProcesses.startCluster(t, { workers: 2, port });
    await all.until(
      () => all.lines().filter(({ listening, failed }) => listening || failed).length === 2,
      "both",
    );
    assert.deepEqual(all.lines().map(({ failed }) => failed).filter(Boolean), ["ERR_LISTEN"]);
  });
});
