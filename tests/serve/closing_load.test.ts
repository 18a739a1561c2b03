import { strict as assert } from "node:assert";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { webhook } from "../../mod.ts";
import type { DeliveryHandler } from "../../src/webhook.ts";
import { serve } from "../../src/serve/node.ts";
import { startNodeWithin } from "../../src/serve/node_transport.ts";
import { type KeyPair, selfSigned } from "../../src/tls/mod.ts";
import { RUNTIME } from "./adapters.ts";
import { hasSqlite } from "../store/sqlite_store_files.ts";
import { BusySenders, type Met } from "./busy_senders.ts";
import { RawConnection, rawDelivery, SECRET, textUpdate } from "./raw_connection.ts";
import { CAN_REUSE_PORT } from "./reuse_port_processes.ts";
import { ServerProcess } from "./server_process.ts";

function directory(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), "telehook-closing-"));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** Resolves when so many updates have been handled. */
async function handled(senders: BusySenders, count: number): Promise<void> {
  while (senders.met.handled < count) await new Promise((resolve) => setTimeout(resolve, 5));
}

function isUnharmed({ resets, cut, notLast }: Met, senders: BusySenders): void {
  assert.deepEqual({ resets, cut, notLast, surprises: senders.surprises }, {
    resets: 0,
    cut: 0,
    notLast: 0,
    surprises: [],
  });
}

/** Resolves when so many sockets listen on a port, as the system tells. */
async function listenersLeft(port: number, count: number): Promise<void> {
  const address = `0100007F:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  const isListening = (line: string) => line.includes(` ${address} 00000000:0000 0A `);
  while (readFileSync("/proc/net/tcp", "utf8").split("\n").filter(isListening).length !== count) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

describe("closing under load", () => {
  for (const store of ["memory", "sqlite"]) {
    it(`answers all that 40 busy connections send and resets none, with a store in ${store}`, {
      skip: store === "sqlite" && !hasSqlite && "no node:sqlite here",
    }, async (t) => {
      const database = store === "sqlite" ? join(directory(t), "updates.db") : undefined;
      const server = await ServerProcess.start(t, { handlerMs: 5, database });
      const senders = new BusySenders(server.port, 40);
      await handled(senders, 400);
      server.kill("SIGTERM");
      const met = await senders.end();
      await server.exited;
      assert.match(server.output, /"closed":true/);
      isUnharmed(met, senders);
    });
  }

  it("does so over TLS", async (t) => {
    const tls = await selfSigned({ host: "127.0.0.1", algorithm: "ecdsa-p256" });
    const server = await ServerProcess.start(t, { handlerMs: 5, serve: { tls } });
    const senders = new BusySenders(server.port, 20, tls.cert);
    await handled(senders, 200);
    server.kill("SIGTERM");
    const met = await senders.end();
    await server.exited;
    assert.match(server.output, /"closed":true/);
    isUnharmed(met, senders);
  });

  it("leaves new connections to the process that shares the port, at once", {
    skip: !CAN_REUSE_PORT && "this runtime cannot share a port",
  }, async (t) => {
    const first = await ServerProcess.start(t, { handlerMs: 1_500, serve: { reusePort: true } });
    const { port } = first;
    // Until it is alone, so that it has a slow update to handle while it closes.
    const slow = await RawConnection.open(port);
    slow.send(rawDelivery({ update: textUpdate(1, "slow", 999) }));
    await first.until(() => first.output.includes('"running":1'), "a slow update");
    const second = await ServerProcess.start(t, { handlerMs: 5, serve: { reusePort: true, port } });
    first.kill("SIGTERM");
    await listenersLeft(port, 1);
    const senders = new BusySenders(port, 20);
    await handled(senders, 100);
    assert.equal(first.hasExited, false);
    assert.equal((await slow.answer()).headers.get("connection"), "close");
    await first.exited;
    const met = await senders.stop();
    assert.equal(met.refused, 0);
    isUnharmed(met, senders);
    second.kill("SIGTERM");
    await second.exited;
  });

  it("takes nothing from senders that deliver to two processes while one of them closes", {
    skip: !CAN_REUSE_PORT && "this runtime cannot share a port",
  }, async (t) => {
    const first = await ServerProcess.start(t, { handlerMs: 5, serve: { reusePort: true } });
    const { port } = first;
    await ServerProcess.start(t, { handlerMs: 5, serve: { reusePort: true, port } });
    const senders = new BusySenders(port, 40);
    await handled(senders, 400);
    first.kill("SIGTERM");
    await first.exited;
    await handled(senders, senders.met.handled + 200);
    const met = await senders.stop();
    assert.equal(met.turnedAway, 0);
    isUnharmed(met, senders);
  });
});

describe("the adapter for node", () => {
  const startedWithin = async (
    t: TestContext,
    requestMs: number,
    tls?: KeyPair,
    hook: DeliveryHandler = webhook(() => {}, { secretToken: SECRET }),
  ) => {
    const server = await startNodeWithin(requestMs, hook, {
      port: 0,
      hostname: "127.0.0.1",
      reusePort: false,
      tls,
      isTlsWatched: false,
      onProblem() {},
    });
    t.after(async () => {
      server.cut();
      await server.drain(Promise.resolve());
    });
    return server;
  };

  it("ends a connection with very many requests whose answers are not sent", async (t) => {
    let handled = 0;
    const hook = webhook(() => {
      handled++;
      return new Promise(() => {});
    }, { secretToken: SECRET });
    const server = await startedWithin(t, 30_000, undefined, hook);
    const connection = await RawConnection.open(server.port);
    t.after(() => connection.destroy());
    const deliveries = Array.from({ length: 100 }, (_, i) => rawDelivery({ update: textUpdate(i, "Hi", i) }));
    connection.send(deliveries.join(""));
    await connection.closed();
    assert.ok(handled <= 33, String(handled));
  });

  it("answers any number of requests on one connection, one after another", async (t) => {
    const server = await startedWithin(t, 30_000);
    const connection = await RawConnection.open(server.port);
    t.after(() => connection.destroy());
    for (let i = 0; i < 100; i++) {
      assert.equal((await connection.deliver({ update: textUpdate(i) })).status, 200);
    }
  });

  it("answers on connections that wait to be accepted as it closes", async (t) => {
    const hook = webhook(() => {}, { secretToken: SECRET });
    const server = await serve(hook, { port: 0, hostname: "127.0.0.1" });
    t.after(() => server.close());
    const connections = await Promise.all(Array.from({ length: 30 }, () => RawConnection.open(server.port)));
    const closed = server.close();
    assert.equal(hook.health().status, "closing");
    for (const connection of connections) connection.send(rawDelivery());
    for (const connection of connections) await connection.answer();
    await closed;
  });

  it("closes a connection on which nothing comes without a byte", async (t) => {
    const server = await startedWithin(t, 100);
    const [fresh, used] = [await RawConnection.open(server.port), await RawConnection.open(server.port)];
    t.after(() => used.destroy());
    assert.equal((await used.deliver()).status, 200);
    await fresh.closed();
    assert.equal(fresh.received, "");
    assert.equal((await used.deliver()).status, 200);
  });

  // Bun's node:https has no such limit; listen() uses Bun.serve, which has.
  for (
    const [what, bytes] of [["never begins", ""], [
      "stops in the middle",
      "\x16\x03\x01\x02\x00\x01\x00",
    ]] as const
  ) {
    it(`closes a connection whose TLS handshake ${what}`, { skip: RUNTIME === "bun" }, async (t) => {
      const server = await startedWithin(
        t,
        100,
        await selfSigned({ host: "127.0.0.1", algorithm: "ecdsa-p256" }),
      );
      const connection = await RawConnection.open(server.port);
      t.after(() => connection.destroy());
      if (bytes !== "") connection.send(bytes);
      await connection.closed();
    });
  }
});
