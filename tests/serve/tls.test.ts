import { strict as assert } from "node:assert";
import { connect } from "node:net";
import { before, describe, it, type TestContext } from "node:test";
import type { ConnectionOptions, TLSSocket } from "node:tls";
import { type ReceivedUpdate, TelehookError, type TlsOptions } from "../../mod.ts";
import { type KeyPair, selfSigned } from "../../src/tls/mod.ts";
import { fixtureText } from "../tls/fixtures.ts";
import { type Adapter, ADAPTERS, type Started } from "./adapters.ts";
import { capture } from "./captures.ts";
import { RawConnection, rawDelivery, textUpdate } from "./raw_connection.ts";

const CHAIN = fixtureText("certs/p256.pem") + fixtureText("certs/intermediate.pem");
const ENCRYPTED_KEY = fixtureText("keys/pkcs8-aes-256-cbc.pem");
const PASSPHRASE = "пароль";
const CAPTURES = ["https-1-first", "https-2-keepalive", "https-3-keepalive"];

function suite(adapter: Adapter): void {
  let pair: KeyPair;
  before(async () => {
    pair = await selfSigned({ host: "127.0.0.1", algorithm: "ecdsa-p256" });
  });

  const started = async (t: TestContext, tls: TlsOptions, path = "/") => {
    const seen: ReceivedUpdate[] = [];
    const server = await adapter.start((update) => void seen.push(update), { tls, path });
    t.after(() => server.close());
    return { server, seen };
  };
  const connected = async (t: TestContext, { port }: Started, options: ConnectionOptions) => {
    const connection = await RawConnection.open(port, options);
    t.after(() => connection.destroy());
    return connection;
  };

  for (const version of ["TLSv1.2", "TLSv1.3"] as const) {
    it(`takes Telegram's own requests over ${version}, on one connection`, async (t) => {
      const { server, seen } = await started(t, pair, "/hook");
      const options = { ca: pair.cert, minVersion: version, maxVersion: version } as const;
      const connection = await connected(t, server, options);
      assert.equal((connection.socket as TLSSocket).getProtocol(), version);
      for (const name of CAPTURES) {
        connection.send(capture(name));
        assert.equal((await connection.answer()).status, 200);
      }
      assert.deepEqual(seen.map(({ update_id }) => update_id), [100000001, 100000002, 100000003]);
      assert.equal(connection.isClosed, false);
    });
  }

  it("shows the chain, and takes an encrypted key with its passphrase", async (t) => {
    const { server } = await started(t, { cert: CHAIN, key: ENCRYPTED_KEY, passphrase: PASSPHRASE });
    const connection = await connected(t, server, { ca: fixtureText("certs/root.pem") });
    assert.equal((await connection.deliver()).status, 200);
  });

  it("takes an RSA key too", async (t) => {
    const rsa = { cert: fixtureText("certs/rsa.pem"), key: fixtureText("certs/rsa.key") };
    const { server } = await started(t, rsa);
    const connection = await connected(t, server, { rejectUnauthorized: false });
    assert.equal((await connection.deliver()).status, 200);
  });

  const unusable: readonly (readonly [what: string, tls: () => TlsOptions])[] = [
    ["an encrypted key without a passphrase", () => ({ cert: CHAIN, key: ENCRYPTED_KEY })],
    ["a wrong passphrase", () => ({ cert: CHAIN, key: ENCRYPTED_KEY, passphrase: "S3CRET" })],
    ["the key of another certificate", () => ({ cert: pair.cert, key: fixtureText("certs/p256.key") })],
    ["cert and key the wrong way round", () => ({ cert: pair.key, key: pair.cert })],
    ["an empty certificate", () => ({ ...pair, cert: "" })],
    ["a chain in the wrong order", () => ({
      cert: fixtureText("certs/intermediate.pem") + fixtureText("certs/p256.pem"),
      key: fixtureText("certs/p256.key"),
    })],
  ];
  for (const [what, tls] of unusable) {
    it(`does not start with ${what}`, async (t) => {
      await assert.rejects(started(t, tls()), (error) => {
        assert.ok(error instanceof TelehookError);
        assert.equal(error.code, "ERR_TLS");
        assert.doesNotMatch(error.message, /S3CRET|-----BEGIN PRIVATE KEY-----[^"]/);
        return true;
      });
    });
  }

  it("serves others while somebody speaks plain HTTP, garbage, half a handshake or nothing, and closes promptly", async (t) => {
    const { server, seen } = await started(t, pair);
    const strangers: RawConnection[] = [];
    for (const bytes of ["", rawDelivery(), "\x16\x03\x01\x02\x00\x01", "\x80".repeat(100)]) {
      const stranger = await RawConnection.open(server.port);
      t.after(() => stranger.destroy());
      await stranger.sent(bytes);
      strangers.push(stranger);
    }
    const connection = await connected(t, server, { ca: pair.cert });
    assert.equal((await connection.deliver({ update: textUpdate(2) })).status, 200);
    assert.deepEqual(seen.map(({ update_id }) => update_id), [2]);
    const since = performance.now();
    await server.close();
    assert.ok(performance.now() - since < 3_000);
    await connection.closed();
    // Bun does not see those that never finish a handshake; they end with the process.
    if (adapter.server === "node" && !("Bun" in globalThis)) {
      await Promise.all(strangers.map((each) => each.closed()));
    }
  });

  it("survives one who leaves in the middle of a handshake", async (t) => {
    const { server } = await started(t, pair);
    for (let i = 0; i < 5; i++) {
      await new Promise<void>((resolve) => {
        const socket = connect(server.port, "127.0.0.1", () => {
          socket.write(Uint8Array.of(0x16, 3, 1, 2, 0, 1), () => socket.resetAndDestroy());
        });
        socket.on("error", () => {});
        socket.on("close", () => resolve());
      });
    }
    const connection = await connected(t, server, { ca: pair.cert });
    assert.equal((await connection.deliver()).status, 200);
  });
}

for (const adapter of ADAPTERS.filter(({ name }) => !name.startsWith("toNodeListener"))) {
  describe(`HTTPS: ${adapter.name}`, () => suite(adapter));
}
