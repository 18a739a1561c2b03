import { strict as assert } from "node:assert";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { checkHost, isSelfIssued } from "../../src/tls/host_check.ts";
import { selfSigned } from "../../src/tls/mod.ts";

const fixture = (name: string) =>
  readFileSync(new URL(`../fixtures/testing_certificates/${name}.pem`, import.meta.url), "utf8");

/** What checkHost says, or nothing if it is content. */
function problem(cert: string, host: string, isUploaded: boolean): string | undefined {
  try {
    checkHost(cert, host, isUploaded, "This");
  } catch (error) {
    assert.ok(error instanceof Error && "code" in error && error.code === "ERR_TLS");
    return error.message;
  }
  return undefined;
}

test("a certificate that was made for a host is for it, and for no other", async () => {
  for (const host of ["bot.example", "203.0.113.7"]) {
    const { cert } = await selfSigned({ host, algorithm: "ecdsa-p256" });
    assert.equal(isSelfIssued(cert), true);
    assert.equal(problem(cert, host.toUpperCase(), true), undefined);
    assert.match(
      problem(cert, "other.example", true) ?? "",
      /^This is not for other\.example: of an uploaded/,
    );
    assert.match(problem(cert, "203.0.113.8", true) ?? "", /telehook cert --host 203\.0\.113\.8$/);
  }
});

test("an uploaded certificate is compared by its DNS names, else its common name; another by its IP addresses", () => {
  const [dnsName, commonName] = [fixture("cn_ip_other_dns_san"), fixture("ip_san_other_cn")];
  assert.match(
    problem(dnsName, "127.0.0.1", true) ?? "",
    /its list of DNS names, which is DNS:bot\.example, and/,
  );
  assert.match(problem(commonName, "127.0.0.1", true) ?? "", /its common name, which is CN=bot\.example\./);
  assert.equal(problem(commonName, "127.0.0.1", false), undefined);
  assert.match(
    problem(commonName, "127.0.0.2", false) ?? "",
    /its list of IP addresses, which is IP:127\.0\.0\.1\./,
  );
});
