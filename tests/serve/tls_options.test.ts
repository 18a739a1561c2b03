import { strict as assert } from "node:assert";
import { test } from "node:test";
import { listen, TelehookError, type TlsOptions } from "../../mod.ts";
import { listenError } from "../../src/serve/listen_error.ts";
import { type KeyPair, selfSigned } from "../../src/tls/mod.ts";
import { fixtureText, fixtureUrl } from "../tls/fixtures.ts";
import { ADAPTERS } from "./adapters.ts";
import { SECRET } from "./raw_connection.ts";

function starting(tls: unknown): Promise<unknown> {
  return listen(() => {}, { secretToken: SECRET, hostname: "127.0.0.1", port: 0, tls: tls as TlsOptions });
}

test("the tls option says which of its two forms is meant, and what is missing", async () => {
  const pair = { cert: fixtureText("certs/rsa.pem"), key: fixtureText("certs/rsa.key") };
  const files = { certFile: fixtureUrl("certs/rsa.pem"), keyFile: fixtureUrl("certs/rsa.key") };
  const misuses: readonly (readonly [unknown, "ERR_FILE" | "ERR_OPTION" | "ERR_TLS", RegExp])[] = [
    [
      { ...pair, ca: "" },
      "ERR_OPTION",
      /no option "ca".*"cert", "key", "passphrase", "certFile", "keyFile", "watch"$/,
    ],
    [{ ...files, certfile: "" }, "ERR_OPTION", /no option "certfile"\. Did you mean "certFile"\?$/],
    [{ ...pair, watch: true }, "ERR_OPTION", /^"watch" needs "certFile" and "keyFile"$/],
    [
      { ...pair, certFile: files.certFile },
      "ERR_OPTION",
      /^"tls" is either text or files: pass "cert" and "key", or/,
    ],
    [{}, "ERR_TLS", /^"cert" is missing: .*"cert" and "key".*"certFile" and "keyFile"$/],
    [{ cert: pair.cert }, "ERR_TLS", /^"key" is missing/],
    [selfSigned({ host: "127.0.0.1", algorithm: "ecdsa-p256" }), "ERR_TLS", /a promise: write "await"/],
    [pair.cert, "ERR_OPTION", /must be an object.*, not a string$/],
    [
      { ...files, keyFile: pair.key },
      "ERR_OPTION",
      /^"keyFile" must be the path of a file, not the content of the file$/,
    ],
    [
      { ...files, keyFile: pair.key.replace(/-----.*-----|\n/g, "") },
      "ERR_OPTION",
      /^"keyFile" must be the path of a file, not the content of the file$/,
    ],
    [{ ...files, keyFile: "/not\x1b[2J/there" }, "ERR_FILE", /^Cannot read "keyFile", "\/not·\[2J\/there": /],
  ];
  for (const [tls, code, message] of misuses) {
    await assert.rejects(starting(tls), (error) => {
      assert.ok(error instanceof TelehookError);
      assert.equal(error.code, code, error.message);
      assert.match(error.message, message);
      return true;
    });
  }
});

test("options that are undefined count as left out, to the compiler too", async (t) => {
  const { cert, key } = await selfSigned({ host: "127.0.0.1", days: undefined, algorithm: undefined });
  const tls: TlsOptions = { cert, key, passphrase: undefined };
  const server = await listen(() => {}, { secretToken: SECRET, hostname: "127.0.0.1", port: 0, tls });
  t.after(() => server.close());
  await server.setTls(tls);
});

/** Pairs without a mistake that some runtimes refuse: RSA of 1024 bits, and Ed448. */
const UNUSUAL: Readonly<Record<string, KeyPair>> = {
  "rsa1024": {
    cert: `-----BEGIN CERTIFICATE-----
MIICCjCCAXOgAwIBAgIUf/4LlzQYDPQGz38EDEeig0f6ixYwDQYJKoZIhvcNAQEL
BQAwGjEYMBYGA1UEAwwPcnNhMTAyNC5leGFtcGxlMCAXDTIwMDEwMTAwMDAwMFoY
DzIxMjAwMTAxMDAwMDAwWjAaMRgwFgYDVQQDDA9yc2ExMDI0LmV4YW1wbGUwgZ8w
DQYJKoZIhvcNAQEBBQADgY0AMIGJAoGBANFQtNb09ExFmts0d6tOGYtoRtzqlLM3
lLu/NtHBYA3lxcXUPbHltL3m2tQD8EDdA5LdjlaN83wxx1ZHaasLS3z/2M2sA5oe
LMDQJ1HakGhOdItaoYeb9c8uCBXfQa3Ij1oI/yXGnc9OhHWBzJIGlHcp54goEYLL
Gt7LqlwDNvX5AgMBAAGjSzBJMAwGA1UdEwEB/wQCMAAwGgYDVR0RBBMwEYIJbG9j
YWxob3N0hwR/AAABMB0GA1UdDgQWBBR8PvbDbDHYSq4r2MluAdRy9xn+bzANBgkq
hkiG9w0BAQsFAAOBgQCOUftb1i1cVBvdhrWjR3PVyk2IqJYa4vVk2w37UdDFRidK
qjiTy0/Y+M5ekV2o02y7UfHitD2jB0kynS9mkriDMFWGTkc8ibd51EznNPkjJfhB
FSFmnV+yWZo8/ybvciq+7DH4qbbrCtplRmYY9PRZvT/BS/7h0cYLoR2gfyzNuA==
-----END CERTIFICATE-----
`,
    key: `-----BEGIN PRIVATE KEY-----
MIICdgIBADANBgkqhkiG9w0BAQEFAASCAmAwggJcAgEAAoGBANFQtNb09ExFmts0
d6tOGYtoRtzqlLM3lLu/NtHBYA3lxcXUPbHltL3m2tQD8EDdA5LdjlaN83wxx1ZH
aasLS3z/2M2sA5oeLMDQJ1HakGhOdItaoYeb9c8uCBXfQa3Ij1oI/yXGnc9OhHWB
zJIGlHcp54goEYLLGt7LqlwDNvX5AgMBAAECgYAiGPecnMK/OgeD9gQYj9xxbUc9
7ajTmRZNj1SqzsmK+gdBttVmCXlsBhNXvlyA9IAEiLsLNoyXirRiRbfc+TYOl2NN
1pluuGn5lgJ8Y4t1RvobgyGdglBpaGOvPSmlhbFV/giOexZqmB8kLx7m6EJz9fpc
3tQHLG/svJuzPcAOUQJBAOk1JyWVN0dfOkFROZ4SwJmZk0rXQ7DHj9bbJp2D9rQs
LXPRg2pdGHx5XkT751vFXcMgeta0abrCFL2B4LhYRksCQQDlxcRnwWrymhEPpl3r
KF2yYFQchRguwWOsazFrJ9RyH/HNIdL/k4uY7oAdkYFY9b+EjT4DvvrvX5I4KK1T
bFpLAkEA3EtNk38FHPKjwRfNabklHvOn48a9Nr0M71VNgPYrkb85oHKFxW/ztYGg
v2GGB3bFP5Hq9+6tAbJcjTem4/zfSQJARpt2VlfmcHSNp5x9IeU+nbDiR/1SSBPf
eD1ca0xLCWLtoBazyxvg+vbXYb6z281ws9/fXbFTVTmuKhm94XPbbwJAQJ5uPKnB
vdXUnvCg1t/LAsGUyQe+zybTQu0gvoq6NO1AUuvmiLaeUFDs7OgUUf8QDXy0+l+v
FPB/OOJ6YD4xOA==
-----END PRIVATE KEY-----
`,
  },
  "ed448": {
    cert: `-----BEGIN CERTIFICATE-----
MIIBijCCAQqgAwIBAgIUKxi0W9Oylj7evTHpFyYIrg6ZHJAwBQYDK2VxMBgxFjAU
BgNVBAMMDWVkNDQ4LmV4YW1wbGUwIBcNMjAwMTAxMDAwMDAwWhgPMjEyMDAxMDEw
MDAwMDBaMBgxFjAUBgNVBAMMDWVkNDQ4LmV4YW1wbGUwQzAFBgMrZXEDOgDTwxcy
jvZf5q/7IIwq0NQWYH7sUMDmpq3Ax2hSNeDZu/vQHDI5SVBrJmAdyqcq6plmwKCV
ZhylhQCjSzBJMAwGA1UdEwEB/wQCMAAwGgYDVR0RBBMwEYIJbG9jYWxob3N0hwR/
AAABMB0GA1UdDgQWBBR9sfjSMa0v1A5MEEdXmgTjVZsGqjAFBgMrZXEDcwCxPMpN
V7YnwrSBoZqoMKJ4jPsZL/xPXrQ/VihROtb47Tz17QYBbXP/5H28b8TudqdbzmvC
HnzFAQD8uO8wo9okyLH+ujB4eq9zQGQKuPBGOFi7TDIdM+Osk7rilFXRiHjKyCV9
B+pIOOakcHJtwcc+LAA=
-----END CERTIFICATE-----
`,
    key: `-----BEGIN PRIVATE KEY-----
MEcCAQAwBQYDK2VxBDsEObKfddt9KeX64RUMwQrl1djysbkjh/igmmdG8xVUbPJW
t+4iitYUF3lJmcnoxcX1FR3QY+n8EViqfg==
-----END PRIVATE KEY-----
`,
  },
};

const REFUSED =
  /^(This runtime does not take the certificate or key: |The private key in "key" cannot be read: .* support: ).*RSA of at least 2048 bits, ECDSA P-256 or Ed25519$/;

for (const adapter of ADAPTERS.filter(({ name }) => !name.startsWith("toNodeListener"))) {
  for (const [name, tls] of Object.entries(UNUSUAL)) {
    test(`${adapter.name} takes ${name}, or says that the runtime refuses it`, async () => {
      try {
        await (await adapter.start(() => {}, { tls })).close();
      } catch (error) {
        assert.ok(error instanceof TelehookError);
        assert.equal(error.code, "ERR_TLS", error.message);
        assert.match(error.message, REFUSED);
      }
    });
  }
}

test("what the runtime has against a pair is told from what it has against the address", async () => {
  const attempt = { runtime: "node", port: 0, hostname: "127.0.0.1", tls: UNUSUAL["rsa1024"] } as const;
  const causes: readonly (readonly [object, "ERR_TLS" | "ERR_LISTEN"])[] = [
    [{ code: "ERR_SSL_EE_KEY_TOO_SMALL" }, "ERR_TLS"], // Node
    [{ code: "ERR_OSSL_EVP_UNSUPPORTED_ALGORITHM" }, "ERR_TLS"], // Bun
    [{}, "ERR_TLS"], // Deno
    [{ code: "EADDRINUSE" }, "ERR_LISTEN"],
    [{ name: "NotCapable" }, "ERR_LISTEN"],
    [{ name: "URIError" }, "ERR_LISTEN"],
    [{ message: "failed to lookup address information" }, "ERR_LISTEN"],
  ];
  for (const [properties, code] of causes) {
    const cause = Object.assign(new Error("because"), properties);
    assert.equal((await listenError(cause, attempt)).code, code, JSON.stringify(properties));
    assert.equal((await listenError(cause, { ...attempt, tls: undefined })).code, "ERR_LISTEN");
  }
});
