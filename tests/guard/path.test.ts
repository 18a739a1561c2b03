import { strict as assert } from "node:assert";
import { describe, it } from "node:test";
import { TelehookError, webhook } from "../../mod.ts";
import { RequestHead } from "../../src/guard/request_head.ts";
import { wirePath } from "../../src/guard/path.ts";

describe("a path", () => {
  const written: readonly (readonly [given: string, wire: string])[] = [
    ["/", "/"],
    ["/telegram", "/telegram"],
    ["/telegram/", "/telegram/"],
    ["/a//b", "/a//b"],
    ["/a%20b", "/a%20b"],
    ["/%d0%b1", "/%d0%b1"],
    ["/a'b", "/a'b"],
    ["/123456:AAexample", "/123456:AAexample"],
    ["/@:!$&()*+,;=~_-.x", "/@:!$&()*+,;=~_-.x"],
    ["/...", "/..."],
    ["/.well-known/x", "/.well-known/x"],
    ["/%zz%", "/%zz%"],
    ["/" + "x".repeat(2000), "/" + "x".repeat(2000)],
  ];
  for (const [given, wire] of written) {
    it(`${given.slice(0, 30)} is ${wire.slice(0, 30)} on the wire, and stays so`, () => {
      assert.equal(wirePath(given), wire);
      assert.equal(wirePath(wire), wire);
    });
  }

  const wrong: readonly unknown[] = [
    "",
    "telegram",
    "//evil.example/x",
    "https://bot.example/telegram",
    "/a?b",
    "/a#b",
    "/a b",
    "/a\n",
    "/a\tb",
    "\\a",
    "/a\\b",
    "/.",
    "/..",
    "/a/../b",
    "/a/./b",
    "/a/..",
    "/%2e%2e/b",
    "/a/%2E",
    "/.%2e/b",
    "/a\u00a0b",
    "/бот",
    "/😀",
    '/a"b<c>',
    null,
    5,
    {},
    ["/a"],
    new URL("http://host/a"),
    /a/,
  ];
  for (const path of wrong) {
    it(`cannot be ${JSON.stringify(path)}`, () => {
      for (
        const make of [
          () => wirePath(path),
          () => webhook(() => {}, { secretToken: null, path: path as string }),
        ]
      ) {
        assert.throws(make, (error) => error instanceof TelehookError && error.code === "ERR_PATH");
      }
    });
  }

  it("is not quoted with a bot token in it", () => {
    for (
      const path of [
        "123456789:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw",
        "/bot123456789:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw?x",
      ]
    ) {
      assert.throws(() => wirePath(path), (error: Error) => !error.message.includes("AAHdq"));
    }
  });
});

describe("the path of a request", () => {
  const requests: readonly (readonly [url: string, path: string])[] = [
    ["http://host/hook/path?x=1", "/hook/path"],
    ["http://host/a%20b?c#d", "/a%20b"],
    ["http://us%25er:p%40ss@host/a%20b?c#d", "/a%20b"],
    ["http://host", "/"],
    ["http://host?/telegram", "/"],
    ["http://host/#/telegram", "/"],
    ["http://host/a?b?c", "/a"],
    ["http://host/a#b?c", "/a"],
    ["http://host//a", "//a"],
    ["http://host/a/../b", "/b"],
    ["http://[::1]:8080/x", "/x"],
    ["https://host:8443/x://y", "/x://y"],
    ["http://host/%2Ftelegram", "/%2Ftelegram"],
  ];
  for (const [url, path] of requests) {
    it(`${url} is ${path}`, () => assert.equal(new RequestHead(withUrl(url), []).path, path));
  }
});

/** A `Request` refuses user info, though servers see it. */
function withUrl(url: string): Request {
  return Object.defineProperty(new Request("http://x"), "url", { value: new URL(url).href });
}
