import { strict as assert } from "node:assert";
import { X509Certificate } from "node:crypto";
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { test, type TestContext } from "node:test";
import { pathToFileURL } from "node:url";
import {
  listen,
  type ListenOptions,
  type TlsOptions,
  type WebhookEvent,
  type WebhookServer,
} from "../../mod.ts";
import { pipelineOf } from "../../src/webhook.ts";
import { type KeyPair, selfSigned } from "../../src/tls/mod.ts";
import { fixtureText, fixtureUrl } from "../tls/fixtures.ts";
import { SECRET } from "./raw_connection.ts";
import { fingerprint, shownBy } from "./tls_load.ts";

const pair = () => selfSigned({ host: "127.0.0.1", algorithm: "ecdsa-p256" });

async function started(
  t: TestContext,
  tls: TlsOptions,
  options: Partial<ListenOptions> = {},
): Promise<WebhookServer> {
  const where = { secretToken: SECRET, hostname: "127.0.0.1", port: 0, tls };
  const server = await listen(() => {}, { ...where, ...options });
  t.after(() => server.close());
  return server;
}

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), "telehook-"));
  t.after(() => rmSync(path, { recursive: true }));
  return path;
}

function write(folder: string, { cert, key }: KeyPair): { certFile: string; keyFile: string } {
  mkdirSync(folder, { recursive: true });
  const files = { certFile: join(folder, "fullchain.pem"), keyFile: join(folder, "privkey.pem") };
  writeFileSync(files.certFile, cert);
  writeFileSync(files.keyFile, key);
  return files;
}

/** Keeps events, and tells when a certificate was replaced: on Bun, new connections see it a moment before that. */
class Heard {
  readonly events: WebhookEvent[] = [];
  #resolve = (): void => {};
  readonly renewed: Promise<void> = new Promise((resolve) => this.#resolve = resolve);
  readonly onEvent = (event: WebhookEvent): void => {
    this.events.push(event);
    if (event.type === "certificate" && event.state === "renewed") this.#resolve();
  };
}

/** Connects until the certificate is shown; every connection is an event, and the watch looks every second. */
async function comesToShow(port: number, { cert }: KeyPair): Promise<void> {
  const since = performance.now();
  // While the port changes hands, Deno refuses connections for a few milliseconds, as the documentation says.
  while (await shownBy(port).catch(() => "nobody") !== fingerprint(cert)) {
    assert.ok(performance.now() - since < 8_000, "the new certificate is not shown");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

test("a certificate and an encrypted key are read from files, by path or URL", async (t) => {
  const certFile = join(folder(t), "chain.pem");
  writeFileSync(certFile, fixtureText("certs/p256.pem") + fixtureText("certs/intermediate.pem"));
  const keyFile = fixtureUrl("keys/pkcs8-aes-256-cbc.pem");
  const tls = { certFile: pathToFileURL(certFile), keyFile, passphrase: "пароль" };
  const { port } = await started(t, tls);
  assert.equal(await shownBy(port), fingerprint(fixtureText("certs/p256.pem")));
});

test("files that cannot be used are named when starting", async (t) => {
  const files = write(folder(t), await pair());
  const missing = `${files.keyFile}.not-there`;
  const large = `${files.certFile}.large`;
  writeFileSync(large, new Uint8Array(4 * 1024 * 1024 + 1));
  const wrong: readonly (readonly [string, object, RegExp])[] = [
    ["ERR_FILE", { ...files, keyFile: missing }, /^Cannot read "keyFile", ".*privkey\.pem\.not-there": /],
    [
      "ERR_FILE",
      { ...files, certFile: missing },
      /^Cannot read "certFile", ".*": there is no such file or directory$/,
    ],
    ["ERR_FILE", { ...files, certFile: large }, /^Cannot read "certFile", ".*": it is larger than 4 MiB$/],
    [
      "ERR_FILE",
      { ...files, keyFile: "/dev/zero" },
      /^Cannot read "keyFile", ".*": it is larger than 4 MiB$/,
    ],
    ["ERR_TLS", { ...files, certFile: files.keyFile }, /The certificate in ".*privkey\.pem"/],
    ["ERR_TLS", { ...files, keyFile: fixtureUrl("certs/p256.key") }, /certs\/p256\.key.*fullchain\.pem/],
    ["ERR_OPTION", { certFile: files.certFile }, /^"keyFile" is missing/],
    ["ERR_OPTION", { ...files, cert: "" }, /^"tls" is either text or files: /],
    ["ERR_OPTION", { ...files, watch: "yes" }, /"watch"/],
    ["ERR_OPTION", { ...files, certFile: "" }, /"certFile"/],
  ];
  for (const [code, tls, message] of wrong) {
    await assert.rejects(started(t, tls as TlsOptions), { code, message });
  }
});

test("renamed files are picked up, and one that waits for its other half is kept out", async (t) => {
  const path = folder(t);
  const [first, second] = [await pair(), await pair()];
  const files = write(path, first);
  const server = await started(t, { ...files, watch: true });
  const heard = new Heard();
  pipelineOf(server.webhook).events.listen(heard.onEvent);
  const reports: string[] = [];
  const { error } = console;
  t.after(() => console.error = error);
  let reported = () => {};
  const isReported = new Promise<void>((resolve) => reported = resolve);
  console.error = (...values: unknown[]) => {
    reports.push(values.map(String).join(" "));
    reported();
  };

  const renewed = write(join(path, "renewed"), second);
  renameSync(renewed.certFile, files.certFile);
  await isReported; // the key is still the old one
  assert.equal(await shownBy(server.port), fingerprint(first.cert));
  renameSync(renewed.keyFile, files.keyFile);
  await comesToShow(server.port, second);
  await heard.renewed;
  assert.equal(reports.length, 1);
  assert.match(
    reports[0] ?? "",
    /^telehook: the renewed certificate cannot be used.*privkey\.pem.*does not belong/,
  );
  assert.deepEqual(heard.events.map((event) => event.type === "certificate" && event.state), [
    "rejected",
    "renewed",
  ]);
});

test("each version of the files that cannot be used is reported once", async (t) => {
  const files = write(folder(t), await pair());
  const { cert } = await pair();
  let heard = (_reason: string): void => {};
  const nextRejection = () => new Promise<string>((resolve) => heard = resolve);
  await started(t, { ...files, watch: true }, {
    log: false,
    onEvent: (event) => event.type === "certificate" && heard(String(event.error)),
  });
  const other = nextRejection();
  writeFileSync(files.certFile, cert);
  assert.match(await other, /does not belong/);
  const cut = nextRejection();
  writeFileSync(files.certFile, cert.slice(0, 100));
  assert.match(await cut, /has no "-----END CERTIFICATE-----"/);
});

test("links that come to point elsewhere are picked up, as certbot and Kubernetes change them", async (t) => {
  const path = folder(t);
  const [first, second] = [await pair(), await pair()];
  write(join(path, "archive1"), first);
  write(join(path, "archive2"), second);
  const live = join(path, "live");
  symlinkSync(join(path, "archive1"), live);
  const files = { certFile: join(live, "fullchain.pem"), keyFile: join(live, "privkey.pem") };
  const heard = new Heard();
  const server = await started(t, { ...files, watch: true }, { onEvent: heard.onEvent });
  symlinkSync(join(path, "archive2"), `${live}.new`);
  renameSync(`${live}.new`, live);
  await comesToShow(server.port, second);
  await heard.renewed;
  const [renewal, ...others] = heard.events;
  assert.ok(renewal?.type === "certificate" && renewal.state === "renewed" && others.length === 0);
  assert.equal(renewal.expiresAt, Date.parse(new X509Certificate(second.cert).validTo));
});

test("files by relative paths are watched where they were at the start", async (t) => {
  const path = folder(t);
  const [before, first, second] = [process.cwd(), await pair(), await pair()];
  write(path, first);
  t.after(() => process.chdir(before));
  process.chdir(path);
  const heard = new Heard();
  const tls = { certFile: "fullchain.pem", keyFile: "privkey.pem", watch: true };
  const { port } = await started(t, tls, { onEvent: heard.onEvent });
  process.chdir(before);
  write(path, second);
  await comesToShow(port, second);
});
