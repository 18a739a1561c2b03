import { strict as assert } from "node:assert";
import { test } from "node:test";
import { listen } from "../../mod.ts";
import { type KeystoreOptions, loadKeystore } from "../../src/tls/mod.ts";
import { fixtureNames, fixtureText, fixtureUrl } from "../tls/fixtures.ts";
import { RUNTIME } from "./adapters.ts";
import { RawConnection, SECRET } from "./raw_connection.ts";

type Opening = Omit<KeystoreOptions, "path" | "bytes">;

const PLAIN: Opening = { password: "changeit" };
const UNICODE: Opening = { password: "пароль🔑" };

/** How to open each keystore that a server can serve. */
const SERVING: Record<string, Opening> = {
  "java-ec.jks": PLAIN,
  "java-several.jks": { ...PLAIN, alias: "other", aliasPassword: "other-password" },
  "java-unicode.jks": { ...UNICODE, alias: "бот🤖", aliasPassword: "ключ" },
  "java.jks": PLAIN,
  "java17-ec.p12": PLAIN,
  "java17-key-password.p12": { ...PLAIN, alias: "bot", aliasPassword: "bot-password" },
  "java17-several.p12": { ...PLAIN, alias: "other" },
  "java17.p12": PLAIN,
  "java8-several.p12": { ...PLAIN, alias: "other" },
  "java8.p12": PLAIN,
  "openssl1.1-empty-password.p12": { password: "" },
  "openssl1.1-unicode.p12": UNICODE,
  "openssl1.1.p12": PLAIN,
  "openssl3-2des-rc2-128.p12": PLAIN,
  "openssl3-ec-unnamed.p12": PLAIN,
  "openssl3-empty-password.p12": { password: "" },
  "openssl3-plain.p12": PLAIN,
  "openssl3-sha384.p12": PLAIN,
  "openssl3-sha512.p12": PLAIN,
  "openssl3-unicode.p12": UNICODE,
  "openssl3.p12": PLAIN,
};

/** Keystores without a key, and of schemes that are refused. */
const NOT_SERVING = /no-key|no-mac|md5-mac|rc4|few-iterations|\.jceks$/;

for (const [name, opening] of Object.entries(SERVING)) {
  test(`listen() on ${RUNTIME} serves ${name}`, async () => {
    const tls = await loadKeystore({ path: fixtureUrl(`keystores/${name}`), ...opening });
    const seen: number[] = [];
    const receive = ({ update_id }: { update_id: number }) => void seen.push(update_id);
    const server = await listen(receive, { secretToken: SECRET, hostname: "127.0.0.1", port: 0, tls });
    try {
      // Those with a chain are verified up to its root; the others are signed by themselves.
      const ca = name.includes("-ec.") ? tls.cert : fixtureText("certs/root.pem");
      const connection = await RawConnection.open(server.port, { ca, servername: "localhost" });
      try {
        assert.equal((await connection.deliver()).status, 200);
        assert.deepEqual(seen, [1]);
      } finally {
        connection.destroy();
      }
    } finally {
      await server.close();
    }
  });
}

test("no keystore is left out", () => {
  assert.deepEqual(fixtureNames("keystores").filter((name) => !NOT_SERVING.test(name)), Object.keys(SERVING));
});
