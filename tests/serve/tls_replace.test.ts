import { strict as assert } from "node:assert";
import { test, type TestContext } from "node:test";
import { listen, TelehookError, type TlsOptions, webhook, type WebhookServer } from "../../mod.ts";
import { startDeno } from "../../src/serve/deno_transport.ts";
import { serve as serveNode } from "../../src/serve/node.ts";
import { selfSigned } from "../../src/tls/mod.ts";
import { fixtureText, fixtureUrl } from "../tls/fixtures.ts";
import { RUNTIME } from "./adapters.ts";
import { RawConnection, SECRET, textUpdate } from "./raw_connection.ts";
import { fingerprint, load, shownBy } from "./tls_load.ts";

const CLIENTS = 40;
const INSECURE = { rejectUnauthorized: false };

const pair = () => selfSigned({ host: "127.0.0.1", algorithm: "ecdsa-p256" });

async function started(t: TestContext, tls?: TlsOptions): Promise<WebhookServer> {
  const options = { secretToken: SECRET, hostname: "127.0.0.1", port: 0, ...(tls && { tls }) };
  const server = await listen(() => {}, options);
  t.after(() => server.close());
  return server;
}

test(`a certificate is replaced under ${CLIENTS} busy connections, and no request fails`, async (t) => {
  const [first, second, third] = [await pair(), await pair(), await pair()];
  const server = await started(t, first);
  assert.equal(await shownBy(server.port), fingerprint(first.cert));
  const idle = await RawConnection.open(server.port, INSECURE);
  t.after(() => idle.destroy());
  await idle.deliver({ update: textUpdate(900_000_001) });

  const clients = await load(t, server.port, CLIENTS);
  for (const next of [second, third]) {
    await server.setTls(next);
    assert.equal(await shownBy(server.port), fingerprint(next.cert));
    await clients.more(3);
  }
  await clients.stop();
  assert.deepEqual(clients.failures, []);
  assert.ok(clients.answered >= CLIENTS * 7);
  if (RUNTIME === "node") {
    assert.equal(clients.ended, 0);
    assert.equal((await idle.deliver({ update: textUpdate(900_000_002) })).status, 200);
  } else {
    assert.ok(clients.ended >= CLIENTS); // each was asked to reconnect
    await idle.closed();
  }
});

test("what is under way when a certificate is replaced is answered", async (t) => {
  const [first, second] = [await pair(), await pair()];
  let arrived = () => {};
  let finish = () => {};
  const hasArrived = new Promise<void>((resolve) => arrived = resolve);
  const server = await listen(() => {
    arrived();
    return new Promise<void>((resolve) => finish = resolve);
  }, { secretToken: SECRET, hostname: "127.0.0.1", port: 0, tls: first });
  t.after(() => server.close());
  const connection = await RawConnection.open(server.port, INSECURE);
  t.after(() => connection.destroy());
  const answer = connection.deliver();
  await hasArrived;
  await server.setTls(second);
  assert.equal(await shownBy(server.port), fingerprint(second.cert));
  finish();
  assert.equal((await answer).status, 200);
});

test("the adapter for node replaces certificates too", { skip: RUNTIME === "bun" }, async (t) => {
  const [first, second] = [await pair(), await pair()];
  const hook = webhook(() => {}, { secretToken: SECRET });
  const server = await serveNode(hook, { hostname: "127.0.0.1", port: 0, tls: first });
  t.after(() => server.close());
  const open = await RawConnection.open(server.port, INSECURE);
  t.after(() => open.destroy());
  await server.setTls(second);
  assert.equal(await shownBy(server.port), fingerprint(second.cert));
  assert.equal((await open.deliver()).status, 200);
});

test("the adapter for node says on Bun that it cannot", { skip: RUNTIME !== "bun" }, async (t) => {
  const first = await pair();
  const start = (tls: TlsOptions) =>
    serveNode(webhook(() => {}, { secretToken: SECRET }), { hostname: "127.0.0.1", port: 0, tls });
  const server = await start(first);
  t.after(() => server.close());
  await assert.rejects(server.setTls(await pair()), { code: "ERR_RUNTIME" });
  assert.equal(await shownBy(server.port), fingerprint(first.cert));
  const certFile = fixtureUrl("certs/p256.pem");
  const keyFile = fixtureUrl("certs/p256.key");
  await assert.rejects(start({ certFile, keyFile, watch: true }), { code: "ERR_RUNTIME" });
});

test("a pair that cannot be used leaves the old one in place", async (t) => {
  const first = await pair();
  const server = await started(t, first);
  const open = await RawConnection.open(server.port, INSECURE);
  t.after(() => open.destroy());
  const unusable = [
    { cert: first.cert, key: fixtureText("certs/p256.key") },
    { cert: fixtureText("certs/expired.pem"), key: fixtureText("certs/p256.key") },
    { cert: "no PEM", key: first.key },
  ];
  for (const tls of unusable) {
    await assert.rejects(
      server.setTls(tls),
      (error) => error instanceof TelehookError && error.code === "ERR_TLS",
    );
  }
  assert.equal(await shownBy(server.port), fingerprint(first.cert));
  assert.equal((await open.deliver()).status, 200);
});

test("of several replacements at once, the last one called wins, and closing ends them", async (t) => {
  const pairs = [await pair(), await pair(), await pair()] as const;
  const server = await started(t, pairs[0]);
  await Promise.all([server.setTls(pairs[1]), server.setTls(pairs[2])]);
  assert.equal(await shownBy(server.port), fingerprint(pairs[2].cert));
  const last = server.setTls(pairs[1]).catch((error: unknown) => error);
  await server.close();
  await last;
  await assert.rejects(shownBy(server.port));
  await assert.rejects(server.setTls(pairs[1]), { code: "ERR_CLOSED" });
});

test("a replacement that has begun when the server closes leaves nothing that listens", {
  skip: RUNTIME !== "deno", // the only one whose check of a pair takes time
}, async () => {
  const [tls, next] = [await pair(), await pair()];
  const options = { hostname: "127.0.0.1", reusePort: false, tls, isTlsWatched: false, onProblem: () => {} };
  const transport = await startDeno(webhook(() => {}, { secretToken: SECRET }), { ...options, port: 0 });
  const replaced = assert.rejects(transport.replaceTls(next), { code: "ERR_CLOSED" });
  await transport.drain(Promise.resolve());
  await Promise.all([transport.stop(), replaced]);
  await assert.rejects(shownBy(transport.port));
});

test("a server that cannot bind its port again is opened later, with the certificate that it had", {
  skip: RUNTIME !== "deno", // the only one that binds it again
}, async () => {
  const [tls, next] = [await pair(), await pair()];
  const options = { hostname: "127.0.0.1", reusePort: false, tls, isTlsWatched: false, onProblem: () => {} };
  const transport = await startDeno(webhook(() => {}, { secretToken: SECRET }), { ...options, port: 0 });
  const { Deno } = globalThis as unknown as {
    Deno: { serve: (options: { readonly port: number }) => unknown };
  };
  const { serve } = Deno;
  // As without a free file descriptor.
  Deno.serve = (...args) => {
    if (args[0].port === transport.port) {
      throw Object.assign(new Error("Too many open files"), { code: "EMFILE" });
    }
    return serve(...args);
  };
  try {
    await assert.rejects(transport.replaceTls(next), { code: "ERR_LISTEN" });
    await assert.rejects(shownBy(transport.port));
  } finally {
    Deno.serve = serve;
  }
  await untilListening(transport.port);
  assert.equal(await shownBy(transport.port), fingerprint(tls.cert));
  await transport.replaceTls(next);
  assert.equal(await shownBy(transport.port), fingerprint(next.cert));
  await transport.drain(Promise.resolve());
  await transport.stop();
  await assert.rejects(shownBy(transport.port));
});

async function untilListening(port: number): Promise<void> {
  for (const until = performance.now() + 5_000; performance.now() < until;) {
    try {
      return void await shownBy(port);
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

test("a server without TLS has no certificate to replace", async (t) => {
  const server = await started(t);
  await assert.rejects(server.setTls(await pair()), { code: "ERR_TLS", message: /plain HTTP/ });
});

test("a port that has a server with TLS is refused to a second one", async (t) => {
  const tls = await pair();
  const { port } = await started(t, tls);
  await assert.rejects(
    listen(() => {}, { secretToken: SECRET, hostname: "127.0.0.1", port, tls }),
    { code: "ERR_LISTEN" },
  );
});
