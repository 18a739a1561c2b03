import { strict as assert } from "node:assert";
import { describe, it } from "node:test";
import { botHost, deriveSecretToken, listen } from "../../mod.ts";
import { serve as serveNode } from "../../src/serve/node.ts";
import { ADAPTERS, RUNTIME, scene } from "../serve/adapters.ts";
import { connector, rawDelivery, textUpdate } from "../serve/raw_connection.ts";

/** Bytes of UTF-8, every character one. */
const raw = (text: string) =>
  Array.from(new TextEncoder().encode(text), (byte) => String.fromCharCode(byte)).join("");

/** A request's target and `Host`, and what it is answered with by a webhook on `path`. */
const REQUESTS: readonly (readonly [path: string, target: string, host: string, status: number])[] = [
  ["/hook", "/hook", "bot.example", 200],
  ["/hook", "/hook?x=/other", "bot.example", 200],
  ["/hook", "/a/../hook", "bot.example", 200],
  ["/hook", "/./hook", "bot.example", 200],
  ["/hook", "/%2e/hook", "bot.example", 200],
  ["/hook", "/a/%2E%2e/hook", "bot.example", 200],
  ["/hook", "http://bot.example/hook?x=1", "bot.example", 200],
  ["/hook", "http://bot.example/a/../hook", "bot.example", 200],
  ["/a/hook", "/a\\hook", "bot.example", 200],
  ["/a%22b", '/a"b', "bot.example", 200],
  ["/%C3%BC", "/%C3%BC", "bot.example", 200],
  ["/bots/telegram", "/bots/telegram", "bot.example:8443", 200],
  ["/hook", "/", "bot.example", 404],
  ["/hook", "/hook/", "bot.example", 404],
  ["/hook", "/Hook", "bot.example", 404],
  ["/hook", "//hook", "bot.example", 404],
  ["/hook", "/hook/..", "bot.example", 404],
  ["/hook", "/%68ook", "bot.example", 404],
  ["/hook", "/other?/hook", "bot.example", 404],
  ["/hook", "http://bot.example/other", "bot.example", 404],
  ["/%C3%BC", "/%c3%bc", "bot.example", 404],
  ["/hook", "/other", "a/hook?", 404],
  ["/hook", "/other", "a/hook#", 404],
  ["/hook", "/other?x", "a/hook?", 404],
  ["/bot/hook", "/hook", "a/bot", 404],
  ["/hook", "/x/../other", "a/hook?", 404],
];

/** Targets, and whether each is the path of a page for those who operate the webhook, or of a bot of a host. */
const OTHERS: readonly (readonly [prefix: string, isFound: boolean])[] = [
  ["", true],
  ["/a/..", true],
  ["/.", true],
  ["/a/%2e%2e", true],
  ["/a\\..", true],
  ["http://bot.example/a/..", true],
  ["/", false],
  ["/a", false],
];

for (const serve of [listen, serveNode]) {
  it(`the path of a bot of a host follows the same rule, with ${serve.name}() on ${RUNTIME}`, async (t) => {
    const host = botHost(() => {}, { pathPrefix: "/bots", log: false });
    const id = await host.add("1001:AAone");
    const secret = await deriveSecretToken("1001:AAone");
    const server = await serve(host, { hostname: "127.0.0.1", port: 0 });
    const connection = await connector(t, server.port, () => server.close())();
    for (const [at, [prefix, isFound]] of OTHERS.entries()) {
      const { status } = await connection.deliver({
        ...{ target: `${prefix}/bots/${id}`, secret, update: textUpdate(at) },
      });
      assert.equal(status, isFound ? 200 : 404, prefix);
    }
  });
}

for (const adapter of ADAPTERS) {
  describe(`the paths of health and metrics, at ${adapter.name}`, () => {
    it("follow the same rule", async (t) => {
      const pages = await scene(t, adapter, () => {}, { health: "/healthz", metrics: "/metrics" });
      const connection = await pages.connect();
      for (const [prefix, isFound] of OTHERS) {
        for (const path of ["/healthz", "/metrics"]) {
          connection.send(rawDelivery({ method: "GET", target: prefix + path, body: "" }));
          assert.equal((await connection.answer()).status, isFound ? 200 : 405, prefix + path);
        }
      }
    });
  });

  describe(`the path, at ${adapter.name}`, () => {
    for (const [path, target, host, status] of REQUESTS) {
      it(`${path} is ${status === 200 ? "" : "not "}${target} of ${host}`, async (t) => {
        const { connect } = await scene(t, adapter, () => {}, { path });
        const connection = await connect();
        connection.send(rawDelivery({ target }).replace("Host: 127.0.0.1", `Host: ${host}`));
        assert.equal((await connection.answer()).status, status);
      });
    }

    it("in bytes beyond ASCII is the same percent-encoded, except that Node's parser refuses it", async (t) => {
      const { connect } = await scene(t, adapter, () => {}, { path: "/%C3%BC" });
      const connection = await connect();
      connection.send(rawDelivery({ target: raw("/ü") }));
      const { status } = await connection.answer("runtime");
      assert.equal(status, adapter.server === "node" ? 400 : 200);
    });

    it("cannot be given in bytes beyond ASCII, with which some runtimes would never be reached", async (t) => {
      await assert.rejects(
        async () => await scene(t, adapter, () => {}, { path: "/ü" }),
        { code: "ERR_PATH", message: /"\/ü".*use "\/%C3%BC", also in the URL for setWebhook/ },
      );
    });
  });
}
