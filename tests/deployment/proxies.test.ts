import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { listen, type ReceivedUpdate, setWebhookAndListen } from "../../mod.ts";
import { freePort, startTestBotApi } from "../../src/testing/mod.ts";
import type { TestScope } from "../../src/testing/store.ts";
import { selfSigned } from "../../src/tls/mod.ts";
import { Log, message, part, word } from "../inbox/bot.ts";
import { test } from "../scoped_it.ts";
import { blockOf, ENVIRONMENT, replace, whyNot } from "./documented.ts";

// The proxies run with what docs/deployment.md shows, so that it cannot go wrong unnoticed. Only addresses, ports and
// certificates are those of the test.

interface Place {
  readonly directory: string;
  readonly port: number;
  readonly botPort: number;
}

/** How each proxy is started. `cert.pem` and `key.pem` are in the directory. */
const PROXIES: Readonly<Record<string, (place: Place) => readonly [command: string, ...args: string[]]>> = {
  nginx({ directory, port, botPort }) {
    const server = replace(blockOf("nginx"), {
      "127.0.0.1:8080": `127.0.0.1:${botPort}`,
      "listen 443 ssl": `listen 127.0.0.1:${port} ssl`,
      "/etc/letsencrypt/live/bot.example.org/fullchain.pem": `${directory}/cert.pem`,
      "/etc/letsencrypt/live/bot.example.org/privkey.pem": `${directory}/key.pem`,
    });
    const paths = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
    writeFileSync(
      join(directory, "nginx.conf"),
      `daemon off;
pid ${directory}/pid;
error_log stderr;
${process.getuid?.() === 0 ? "user root;" : ""}
events {}
http {
access_log off;
${paths.map((name) => `${name}_temp_path ${directory}/${name};`).join("\n")}
${server}
}
`,
    );
    return ["nginx", "-p", directory, "-e", "stderr", "-c", join(directory, "nginx.conf")];
  },
  Caddy({ directory, port, botPort }) {
    const site = replace(blockOf("Caddy"), {
      "127.0.0.1:8080": `127.0.0.1:${botPort}`,
      "bot.example.org {": `https://127.0.0.1:${port} {\n\ttls ${directory}/cert.pem ${directory}/key.pem`,
    });
    writeFileSync(
      join(directory, "Caddyfile"),
      `{\n\tadmin off\n\tauto_https disable_redirects\n\tstorage file_system ${directory}\n}\n${site}`,
    );
    return ["caddy", "run", "--adapter", "caddyfile", "--config", join(directory, "Caddyfile")];
  },
};

/** Starts a proxy. Resolves when it answers. */
async function startProxy(t: TestScope, name: string, botPort: number) {
  const directory = mkdtempSync(join(tmpdir(), "telehook-proxy-"));
  const { cert, key } = await selfSigned({ host: "127.0.0.1" });
  writeFileSync(join(directory, "cert.pem"), cert);
  writeFileSync(join(directory, "key.pem"), key);
  const port = await freePort();
  const [command, ...args] = PROXIES[name]?.({ directory, port, botPort }) ?? [""];
  const proxy: ChildProcess = spawn(command, args, {
    env: { ...ENVIRONMENT, HOME: directory },
    stdio: ["ignore", "ignore", "pipe"],
  });
  let output = "";
  proxy.stderr?.on("data", (data) => output += data);
  const ended = new Promise((resolve) => proxy.once("exit", resolve));
  t.after(async () => {
    proxy.kill("SIGTERM");
    await ended;
    rmSync(directory, { recursive: true, force: true });
  });
  const origin = `https://127.0.0.1:${port}`;
  for (const until = performance.now() + 4_000; await post(`${origin}/`, "{}") === 0;) {
    if (performance.now() > until || proxy.exitCode !== null) {
      throw new Error(`${name} does not answer: ${output}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return { origin, cert };
}

/** Posts a body as anybody can. @returns The status of the answer, or 0 if there was none. */
function post(url: string, body: string, headers: Readonly<Record<string, string>> = {}): Promise<number> {
  return new Promise((resolve) => {
    const sent = request(url, {
      ...{ method: "POST", rejectUnauthorized: false, agent: false },
      headers: { "content-type": "application/json", "content-length": String(body.length), ...headers },
    }, (response) => {
      response.resume().on("end", () => resolve(response.statusCode ?? 0)).on("error", () => resolve(0));
    });
    sent.on("error", () => resolve(0));
    sent.end(body);
  });
}

for (const name of Object.keys(PROXIES)) {
  const skip = whyNot(name.toLowerCase());

  test(
    `${name} as in docs/deployment.md passes on texts, albums, failures and large updates`,
    skip,
    async (t) => {
      await using telegram = await startTestBotApi();
      const log = new Log();
      const botPort = await freePort();
      const { origin, cert } = await startProxy(t, name, botPort);
      await using _server = await setWebhookAndListen((update: ReceivedUpdate, { attempt }) => {
        log.add(word(update));
        if (word(update) === "5" && attempt === 1) throw new Error("once");
      }, {
        ...{ token: telegram.token, apiRoot: telegram.apiRoot, hostname: "127.0.0.1", port: botPort },
        ...{ webhook: { url: `${origin}/telegram`, certificate: cert }, onError: () => {} },
        trustedProxy: { addresses: ["127.0.0.1"], header: "x-forwarded-for" },
        allowedAddresses: ["127.0.0.1"],
      });
      const large = message(6, { text: "x".repeat(500_000) }); // a body parser's usual limit is 100 kB
      const updates = [message(1), part(2, "7"), part(3, "7"), message(4), message(5), large];
      await Promise.all(updates.map((update) => telegram.deliver(update)));
      assert.deepEqual(log.words, ["1", "[2 3]", "4", "5", "5", "6"]);
      assert.deepEqual(telegram.violations, []);
    },
  );

  test(`${name} as in docs/deployment.md tells who has sent, whatever a client claims`, skip, async (t) => {
    const botPort = await freePort();
    const { origin } = await startProxy(t, name, botPort);
    let handled = 0;
    await using _server = await listen(() => void handled++, {
      ...{ secretToken: null, hostname: "127.0.0.1", port: botPort, path: "/telegram", log: false },
      trustedProxy: { addresses: ["127.0.0.1"], header: "x-forwarded-for" },
      allowedAddresses: ["telegram"],
    });
    const body = JSON.stringify(message(1));
    const url = `${origin}/telegram`;
    assert.equal(await post(url, body), 403);
    assert.equal(await post(url, body, { "x-forwarded-for": "149.154.167.1" }), 403);
    assert.equal(handled, 0);
  });
}
