import assert from "node:assert/strict";
import { test } from "node:test";
import { buildChain, Certificate } from "../../src/tls/certificate.ts";
import { checkKeyPair } from "../../src/tls/mod.ts";
import { readPem, writePem } from "../../src/tls/pem.ts";
import { fixtureText, hex, toHex } from "./fixtures.ts";

const cert = (name: string) => fixtureText(`certs/${name}.pem`);
const read = (pem: string) => new Certificate(readPem(pem)[0].bytes);

/** The certificate with another end of its time. Its signature is wrong then, which nothing here looks at. */
function expired(pem: string): string {
  const digits = (time: string) => toHex(new TextEncoder().encode(time));
  const bytes = toHex(readPem(pem)[0].bytes);
  return writePem("CERTIFICATE", hex(bytes.replace(digits("21200101000000Z"), digits("20210101000000Z"))));
}

test("of two certificates of one issuer, as by cross-signing, the chain has the one that is valid", () => {
  const [leaf, valid, old, root] = [
    read(cert("p256")),
    read(cert("intermediate")),
    read(expired(cert("intermediate"))),
    read(cert("root")),
  ];
  assert.ok(old.notAfter < new Date());
  assert.deepEqual(buildChain(leaf, [old, valid, root, leaf]), [leaf, valid, root]);
  assert.deepEqual(buildChain(leaf, [valid, old, root]), [leaf, valid, root]);
  assert.deepEqual(
    buildChain(leaf, [old, root]),
    [leaf, old, root],
    "so that it can be told that it has expired",
  );
});

test("an expired issuer in PEM is to be taken out where a valid one of that name stands too, and else renewed", async () => {
  const old = expired(cert("intermediate"));
  const key = fixtureText("certs/p256.key");
  const message =
    'The certificate "telehook test intermediate" in "cert" expired at 2021-01-01T00:00:00.000Z: ';
  await assert.rejects(checkKeyPair({ cert: cert("p256") + old + cert("intermediate"), key }), {
    code: "ERR_TLS",
    message: `${message}remove it, since another one of that name is valid`,
  });
  await assert.rejects(checkKeyPair({ cert: cert("p256") + old, key }), { message: `${message}renew it` });
});

test("an authority whose name has another string type as issuer than as subject is found by the signature", () => {
  const [leaf, authority] = readPem(cert("two-spellings")).map(({ bytes }) => new Certificate(bytes));
  assert.ok(leaf && authority);
  assert.deepEqual(buildChain(leaf, [read(cert("root")), authority]), [leaf, authority]);
  assert.equal(leaf.isIssuedBy(read(cert("root"))), false);
});
