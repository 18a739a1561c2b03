import { strict as assert } from "node:assert";
import { describe, it } from "node:test";
import { TelehookError, type TrustedProxy, webhook } from "../../mod.ts";
import { consoleOf } from "../mount/console.ts";
import { clientAddress } from "../../src/guard/client_address.ts";

/** Who the client is, by its socket's address and the headers that came. */
function client(
  option: TrustedProxy | undefined,
  address: string | undefined,
  headers: Record<string, string> = {},
): string | undefined {
  return clientAddress(option)({
    method: "POST",
    path: "/",
    address,
    contentLength: undefined,
    header: (name) => headers[name],
    headers: Object.entries(headers),
  });
}

describe("the client's address", () => {
  const forwarded = (list: string) => ({ "x-forwarded-for": list });
  const proxy = { addresses: ["10.0.0.0/8", "::1"] };

  it("is the socket's, whatever a header says", () => {
    assert.equal(client(undefined, "192.0.2.1", forwarded("149.154.167.220")), "192.0.2.1");
    assert.equal(client(undefined, undefined, forwarded("149.154.167.220")), undefined);
  });

  it("is the socket's if that is no trusted proxy", () => {
    assert.equal(client(proxy, "192.0.2.1", forwarded("149.154.167.220")), "192.0.2.1");
    assert.equal(client(proxy, undefined, forwarded("149.154.167.220")), undefined);
  });

  it("is the proxy's own if it says nothing", () => {
    assert.equal(client(proxy, "10.0.0.1"), "10.0.0.1");
    assert.equal(client(proxy, "10.0.0.1", forwarded("")), "10.0.0.1");
  });

  const chains: readonly (readonly [what: string, list: string, client: string])[] = [
    ["one hop", "149.154.167.220", "149.154.167.220"],
    ["the last of a list, the rest being what the client made up", "149.154.167.220, 192.0.2.7", "192.0.2.7"],
    ["behind two proxies of ours", "149.154.167.220, 10.0.0.2", "149.154.167.220"],
    ["behind three", "149.154.167.220,10.0.0.3 , 10.0.0.2", "149.154.167.220"],
    ["a made-up hop before one of ours", "149.154.167.220, 192.0.2.7, 10.0.0.2", "192.0.2.7"],
    ["a proxy of ours that calls itself", "10.0.0.9, 10.0.0.2", "10.0.0.9"],
    ["with a port", "149.154.167.220:4711", "149.154.167.220"],
    ["our proxy with a port", "149.154.167.220, 10.0.0.2:80", "149.154.167.220"],
    ["in brackets", "[2001:db8::1]", "2001:db8::1"],
    ["in brackets with a port", "[2001:db8::1]:4711", "2001:db8::1"],
    ["bare IPv6", "2001:db8::1", "2001:db8::1"],
    ["mapped", "::ffff:149.154.167.220", "::ffff:149.154.167.220"],
    ["a mapped proxy of ours", "149.154.167.220, ::ffff:10.0.0.2", "149.154.167.220"],
    ["unknown", "149.154.167.220, unknown", "unknown"],
    ["a hidden name", "149.154.167.220, _hidden", "_hidden"],
    ["an empty hop", "149.154.167.220, ", ""],
    ["an octal form", "149.154.167.220, 012.0.0.1", "012.0.0.1"],
  ];
  for (const [what, list, expected] of chains) {
    it(`is what a proxy says: ${what}`, () =>
      assert.equal(client(proxy, "10.0.0.1", forwarded(list)), expected));
  }

  it("is found behind a proxy that comes over a mapped address", () => {
    assert.equal(client(proxy, "::ffff:10.0.0.1", forwarded("149.154.167.220")), "149.154.167.220");
  });

  it("is read from the header that is named, in any case", () => {
    const headers = { "x-real-ip": "192.0.2.5", "x-forwarded-for": "192.0.2.6" };
    assert.equal(client({ ...proxy, header: "X-Real-IP" }, "::1", headers), "192.0.2.5");
    assert.equal(client({ ...proxy, header: "CF-Connecting-IP" }, "::1", headers), "::1");
  });

  it("is what the platform says, without a socket; of a list the last", () => {
    const platform = { addresses: "platform", header: "CF-Connecting-IP" } as const;
    assert.equal(client(platform, undefined, { "cf-connecting-ip": "149.154.167.220" }), "149.154.167.220");
    assert.equal(client(platform, "10.0.0.1", { "cf-connecting-ip": "6.6.6.6, 192.0.2.5" }), "192.0.2.5");
    assert.equal(client(platform, "149.154.167.220"), undefined);
  });

  it("is found quickly in a list of any length", () => {
    const since = performance.now();
    client(proxy, "10.0.0.1", forwarded("10.0.0.1,".repeat(20_000)));
    client(proxy, "10.0.0.1", forwarded("[".repeat(100_000)));
    client(proxy, "10.0.0.1", forwarded("1".repeat(100_000)));
    assert.ok(performance.now() - since < 1_000);
  });

  const wrong: readonly (readonly [option: unknown, code: string])[] = [
    [null, "ERR_OPTION"],
    [true, "ERR_OPTION"],
    ["10.0.0.1", "ERR_OPTION"],
    [["10.0.0.1"], "ERR_OPTION"],
    [{ addresses: ["10.0.0.1"], headers: "x" }, "ERR_OPTION"],
    [{ addresses: ["10.0.0.1"], header: "" }, "ERR_OPTION"],
    [{ addresses: ["10.0.0.1"], header: "a b" }, "ERR_OPTION"],
    [{ addresses: ["10.0.0.1"], header: "a:b" }, "ERR_OPTION"],
    [{ addresses: ["10.0.0.1"], header: null }, "ERR_OPTION"],
    [{}, "ERR_ADDRESS"],
    [{ addresses: [] }, "ERR_ADDRESS"],
    [{ addresses: "Platform" }, "ERR_ADDRESS"],
    [{ addresses: ["platform"] }, "ERR_ADDRESS"],
    [{ addresses: "10.0.0.1" }, "ERR_ADDRESS"],
    [{ addresses: ["10.0.0.1/99"] }, "ERR_ADDRESS"],
  ];
  for (const [option, code] of wrong) {
    it(`cannot be told from ${JSON.stringify(option)}`, () => {
      const make = () => webhook(() => {}, { secretToken: null, trustedProxy: option as TrustedProxy });
      assert.throws(make, (error) => error instanceof TelehookError && error.code === code);
    });
  }
});

describe("an address as runtimes tell it", () => {
  const post = () =>
    new Request("http://host/", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: '{"update_id":1,"message":{}}',
    });
  const hook = () => webhook(() => {}, { secretToken: null, allowedAddresses: ["192.0.2.1"] });

  const beside: readonly (readonly [what: string, beside: unknown[], status: number])[] = [
    ["Deno", [{ remoteAddr: { transport: "tcp", hostname: "192.0.2.1", port: 1 } }], 200],
    ["Bun", [{ requestIP: () => ({ address: "192.0.2.1", family: "IPv4", port: 1 }) }], 200],
    [
      "Bun, behind something else",
      [{}, null, "x", { requestIP: () => ({ address: "::ffff:192.0.2.1" }) }],
      200,
    ],
    ["Hono on Node", [{ incoming: { socket: { remoteAddress: "192.0.2.1" } }, outgoing: {} }], 200],
    ["Hono on Bun", [{ server: { requestIP: () => ({ address: "192.0.2.1" }) } }], 200],
    ["h3 v1", [{ node: { req: { socket: { remoteAddress: "192.0.2.1" } } } }], 200],
    ["SvelteKit", [{ getClientAddress: () => "192.0.2.1" }], 200],
    ["Astro", [{ clientAddress: "192.0.2.1" }], 200],
    ["Netlify", [{ ip: "192.0.2.1" }], 200],
    ["a message of node:http", [{ socket: { remoteAddress: "192.0.2.1" } }], 200],
    ["something that throws, and then Deno", [
      new Proxy({}, { get: () => assert.fail() }),
      { remoteAddr: { hostname: "192.0.2.1" } },
    ], 200],
    ["a framework that knows another address", [{ ip: "192.0.2.2" }], 403],
    ["another address", [{ remoteAddr: { hostname: "192.0.2.2" } }], 403],
    ["Bun, when the client has gone", [{ requestIP: () => null }], 403],
    ["a Unix socket", [{ remoteAddr: { transport: "unix", path: "/run/x" } }], 403],
    ["something odd", [{ remoteAddr: "192.0.2.1" }], 403],
    ["something odder", [{ remoteAddr: { hostname: 5 } }, { requestIP: 5 }], 403],
    ["nobody", [], 403],
  ];
  for (const [who, args, status] of beside) {
    it(`${who}: ${status}`, async () => {
      await consoleOf(async () => assert.equal((await hook()(post(), ...args)).status, status));
    });
  }

  const requests: Record<string, object> = {
    "srvx": { ip: "192.0.2.1" },
    "srvx on Node": { runtime: { node: { req: { socket: { remoteAddress: "192.0.2.1" } } } } },
    "srvx on Bun": { runtime: { bun: { server: { requestIP: () => ({ address: "192.0.2.1" }) } } } },
  };
  for (const [who, facts] of Object.entries(requests)) {
    it(`${who}, in the request itself`, async () => {
      assert.equal((await hook()(Object.assign(post(), facts))).status, 200);
    });
  }

  it("that is not known is a separate refusal, explained once", async () => {
    const reasons: unknown[] = [];
    const options = { secretToken: null, allowedAddresses: ["192.0.2.1"] };
    const hook = webhook(() => {}, { ...options, onEvent: (event) => reasons.push(event) });
    const lines = await consoleOf(async () => {
      for (let i = 0; i < 2; i++) assert.equal((await hook(post())).status, 403);
      assert.equal((await hook(post(), { ip: "192.0.2.2" })).status, 403);
    });
    const refused = { type: "refused", status: 403, address: undefined, path: "/" };
    const unknown = { ...refused, reason: "The address of the client is not known" };
    const other = { ...refused, address: "192.0.2.2", reason: "This address may not deliver updates" };
    assert.deepEqual(reasons, [unknown, unknown, other]);
    assert.equal(lines.length, 1);
    assert.match(lines[0] ?? "", /not known: "allowedAddresses" needs it: pass what the platform gives you/);
  });
});
