import { strict as assert } from "node:assert";
import process from "node:process";
import { describe, it, type TestContext } from "node:test";
import { listen, type ListenOptions, TelehookError, webhook, type WebhookServer } from "../../mod.ts";
import { serve as serveNode } from "../../src/serve/node.ts";
import { selfSigned } from "../../src/tls/mod.ts";
import { RUNTIME } from "./adapters.ts";
import { RawConnection, SECRET } from "./raw_connection.ts";
import { CAN_REUSE_PORT } from "./reuse_port_processes.ts";

/** The tests of Deno are started without the flag, their children with it. */
const canHere = CAN_REUSE_PORT && RUNTIME !== "deno";

async function started(t: TestContext, options: Partial<ListenOptions>): Promise<WebhookServer> {
  const server = await listen(() => {}, { secretToken: SECRET, hostname: "127.0.0.1", port: 0, ...options });
  t.after(() => server.close());
  return server;
}

function fails(code: string, ...words: string[]) {
  return (error: unknown): true => {
    assert.ok(error instanceof TelehookError);
    assert.equal(error.code, code);
    for (const word of words) assert.ok(error.message.includes(word), error.message);
    return true;
  };
}

describe("reusePort", () => {
  it("must be true or false", async (t) => {
    for (const reusePort of [null, 1, "true"]) {
      await assert.rejects(
        Promise.resolve(Reflect.apply(started, undefined, [t, { reusePort }])),
        fails("ERR_OPTION", '"reusePort" must be true or false'),
      );
    }
  });

  it("is false unless asked for, and a port that is shared is in use for who does not share", async (t) => {
    const server = await started(t, canHere ? { reusePort: true } : {});
    for (const options of [{}, { reusePort: false }]) {
      await assert.rejects(started(t, { port: server.port, ...options }), fails("ERR_LISTEN", "in use"));
    }
  });

  if (canHere) {
    it("lets two servers listen on a port, and the rest go on when one closes", async (t) => {
      const first = await started(t, { reusePort: true });
      const second = await started(t, { reusePort: true, port: first.port });
      await first.close();
      for (let n = 0; n < 5; n++) {
        const connection = await RawConnection.open(second.port);
        assert.equal((await connection.deliver()).status, 200);
        connection.destroy();
      }
      assert.ok(second.webhook.stats().handled > 0);
    });

    it("does not share with a server that does not", async (t) => {
      const server = await started(t, {});
      await assert.rejects(
        started(t, { reusePort: true, port: server.port }),
        fails("ERR_LISTEN", "in use"),
      );
    });

    it("shares a port for HTTPS", async (t) => {
      const tls = await selfSigned({ host: "127.0.0.1", algorithm: "ecdsa-p256" });
      const { port } = await started(t, { reusePort: true, tls });
      await started(t, { reusePort: true, tls, port });
      await assert.rejects(started(t, { tls, port }), fails("ERR_LISTEN", "in use"));
    });
  } else {
    it("says what it takes where it cannot be", async (t) => {
      const what = RUNTIME === "deno" ? '"--unstable-net"' : "node:cluster";
      await assert.rejects(started(t, { reusePort: true }), fails("ERR_RUNTIME", what));
    });
  }

  it("is not ignored by the adapter for node, whichever runtime it is on", async (t) => {
    const hook = () => webhook(() => {}, { secretToken: SECRET });
    const address = { hostname: "127.0.0.1", port: 0, reusePort: true };
    const { node = "", bun } = process.versions;
    const [major = 0, minor = 0] = node.split(".").map(Number);
    if (bun !== undefined || major * 100 + minor < 2212) {
      return await assert.rejects(
        serveNode(hook(), address),
        fails("ERR_RUNTIME", "node:cluster", "listen()"),
      );
    }
    const first = await serveNode(hook(), address);
    t.after(() => first.close());
    const second = await serveNode(hook(), { ...address, port: first.port });
    await second.close();
  });
});
