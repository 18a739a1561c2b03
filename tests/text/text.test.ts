import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import { closestWord, didYouMean } from "../../src/text/closest_word.ts";
import { errorReason, errorText } from "../../src/text/error_reason.ts";
import { columnsOf, plainJson, plainText, styledText, wrapText } from "../../src/text/plain_text.ts";
import { printableText, printError } from "../../src/text/printable_error.ts";
import { quote } from "../../src/text/quote.ts";
import { redactedCopy, redactor } from "../../src/text/redact.ts";

const TOKEN = `123456789:${"A".repeat(35)}`;
const HOSTILE = "a\x1b[2Jb\x9bc\u202ed\u2066e\u200ef\u2028g\ufeffh\x7f";

test("a plain text has no character that a terminal obeys", () => {
  assert.equal(plainText(HOSTILE), "a·[2Jb·c·d·e·f·g·h·");
  assert.equal(plainText("one\r\ntwo\nthree"), "one ⏎ two ⏎ three");
  assert.equal(plainText("😀😀😀", 2), "😀…");
  assert.equal(plainText("👩‍👩‍👧"), "👩‍👩‍👧", "joined emoji stay joined");
});

test("plain JSON is the same value, without such characters", () => {
  const value = { [HOSTILE]: [HOSTILE, { text: "ä 😀 \ud800" }] };
  const json = plainJson(value);
  assert.doesNotMatch(json, /[\p{Cc}\u202e\u2066\u200e\u2028\ufeff]/u);
  assert.deepEqual(JSON.parse(json), value);
  assert.match(plainJson("\x9b\u202e"), /^"\\u009b\\u202e"$/);
});

test("a quoted value is short, plain and without a token", () => {
  assert.equal(quote("a\x9bb"), '"a\\u009bb"');
  assert.equal(quote(`https://a.example/bot${TOKEN}/getMe`), '"https://a.example/bot<token>/getMe"');
  assert.equal(quote("x".repeat(100)).length, 83);
});

test("a long row of digits, as a request's path may have, is looked at once", () => {
  const digits = "1".repeat(60_000); // from every digit on, it took seconds
  const before = performance.now();
  assert.equal(redactor(TOKEN)(digits), digits);
  assert.equal(quote(digits).length, 83);
  assert.ok(performance.now() - before < 500);
  assert.equal(redactor(undefined)(`a1${TOKEN} 2:3:${TOKEN}`), "a<token> 2:3:<token>");
});

test("a printed error shows no token, wherever the error has it", () => {
  const address = `https://api.telegram.org/bot${TOKEN}/getMe`;
  const ring: Record<string, unknown> = { address };
  ring.ring = ring;
  const thrown: readonly unknown[] = [
    address,
    new Error(address),
    new Error("It failed", { cause: new Error(address) }),
    new AggregateError([new Error(address)]),
    Object.assign(new Error("It failed"), { path: address }), // as fetch of Bun does
    Object.assign(new Error("It failed"), { config: { urls: [address] } }),
    Object.assign(new Error("It failed"), { ring }),
    Object.assign(new Error("It failed"), { many: Array.from({ length: 20_000 }, (_, n) => [n]) }),
    { address },
    // Consoles print these, though it is in none of their properties.
    new Error("It failed", { cause: Object.defineProperty(new Response(), "url", { value: address }) }),
    Object.assign(new Error("It failed"), { request: new Request(address) }),
    Object.assign(new Error("It failed"), { sent: new Map([["to", address]]), to: new URL(address) }),
    Object.assign(new Error("It failed"), { [Symbol("address")]: address }),
  ];
  for (const error of thrown) assert.doesNotMatch(printed(error), /A{16}/);
  assert.match(printed(Object.assign(new Error("It failed"), { path: "/etc" })), /path/);
  // Nothing else is missing.
  assert.match(printed(Object.assign(new Error(address), { chat: 42 })), /chat: 42/);
  assert.match(printed(new AggregateError([new Error("no route"), new Error(address)])), /no route/);
  assert.equal(printableText(`one\n${TOKEN}\x1b`), "one\n<token>·");
});

test("of a very long text, only the beginning is looked at, kept and printed", () => {
  const long = `${"😀".repeat(500_000)}\n`;
  const error = new Error(long);
  assert.equal(plainText(long, 3), "😀😀…");
  assert.equal(errorText(error).length, 10_001);
  assert.ok(printed(error).length < 300_000);
  assert.ok(printed(Object.assign(new Error("It failed"), { body: long })).length < 300_000);
});

test("the end of what is kept of a long text does not cut a token", () => {
  for (let before = 9_930; before < 10_010; before++) {
    const text = `${" ".repeat(before)}${TOKEN} ${"x".repeat(10_000)}`;
    assert.doesNotMatch(errorText(text), /A/);
    assert.doesNotMatch(printableText(" ".repeat(2 ** 16 - 10_000) + text), /A/);
  }
});

/** What the console of this runtime shows of an error. */
function printed(error: unknown): string {
  const { Deno, Bun } = globalThis as {
    Deno?: { inspect: typeof inspect };
    Bun?: { inspect: typeof inspect };
  };
  const { error: write } = console;
  let text = "";
  console.error = (...args: unknown[]) => {
    for (const each of args) text += `${(Deno ?? Bun ?? { inspect }).inspect(each)} `;
  };
  try {
    printError("It failed:", error);
  } finally {
    console.error = write;
  }
  return text;
}

test("a line of our own keeps its styles and nothing else", () => {
  assert.equal(styledText("\x1b[31m✗\x1b[0m a\x1b[2Jb\x07"), "\x1b[31m✗\x1b[0m a·[2Jb·");
});

test("lines are wrapped between words, with a hanging indent", () => {
  assert.deepEqual(wrapText("one two three", 9, 2), ["one two", "  three"]);
  assert.deepEqual(wrapText("  --name  what it does", 15, 10), [
    "  --name  what",
    "          it",
    "          does",
  ]);
  assert.deepEqual(
    wrapText("abcdefghij", 4, 1),
    ["abcd", " efg", " hij"],
    "a word that is too long is broken",
  );
  assert.deepEqual(
    wrapText("see https://bot.example.org/a-long-path now", 20),
    ["see", "https://bot.example.org/a-long-path", "now"],
    "an address is not, so that it can be copied",
  );
  assert.deepEqual(wrapText("", 10), [""]);
  assert.deepEqual(wrapText("\x1b[31mone\x1b[0m two", 7), ["\x1b[31mone\x1b[0m two"], "a style has no width");
  assert.deepEqual(wrapText("日本語 日本語", 8), ["日本語", "日本語"]);
  assert.equal(columnsOf("e\u0301"), 1);
});

test("the word that was probably meant", () => {
  const words = ["message", "edited_message", "apiRoot"];
  assert.equal(closestWord("mesage", words), "message");
  assert.equal(closestWord("apiroot", words), "apiRoot", "whatever the case");
  assert.equal(closestWord("poll", words), undefined);
  assert.equal(didYouMean("mesage", words, "Words: …"), 'Did you mean "message"?');
  assert.equal(didYouMean("poll", words, "Words: …"), "Words: …");
  assert.equal(closestWord("edited", words), "edited_message", "the only one that begins like this");
  assert.equal(closestWord("apiR", [...words, "apiRetries"]), undefined, "one of several");
  assert.equal(closestWord("edi", words), undefined, "too short a beginning");
  assert.equal(closestWord("m".repeat(5_000_000), words), undefined, "without comparing letters");
});

test("secrets are replaced wherever they are, unless they are too short to be told from words", () => {
  const redact = redactor(TOKEN, "own-secret", "abc");
  const [, key = ""] = TOKEN.split(":");
  assert.equal(redact(`/bot${TOKEN}/x ${key} own-secret`), "/bot<token>/x <token> <secret>");
  assert.equal(redact(`bot${encodeURIComponent(TOKEN)}`), "bot<token>");
  assert.equal(redact(`/bot${TOKEN.slice(0, 13)}`), "/bot<token>", "cut off");
  assert.equal(redact('abc abcd "abc"'), 'abc abcd "<secret>"');
  assert.equal(redactor(undefined)(`another ${TOKEN}`), "another <token>");
  assert.equal(redactor("1:a")('The Bot API at "http://127.0.0.1"'), 'The Bot API at "http://127.0.0.1"');
  assert.equal(redactor("1:a")("https://a.example/bot1:a/getMe"), "https://a.example/bot<token>/getMe");
  const copy = redactedCopy(Object.assign(new Error(`at ${TOKEN}`), { code: "E" }), redact);
  assert.deepEqual([copy.message, Reflect.get(copy, "code")], ["at <token>", "E"]);
});

test("why something failed whose causes are a ring, which Bun would follow for ever", () => {
  const ring = new Error("It failed");
  ring.cause = new Error("the other", { cause: ring });
  assert.match(errorReason(ring), /^It failed$|^the other$/);
});

test("why something failed, in the words of the innermost cause", () => {
  const system = (code: string) => Object.assign(new Error(`${code}: x, open '/y'`), { code });
  assert.equal(errorReason(system("ENOENT")), "there is no such file or directory");
  assert.equal(
    errorReason(new Error("fetch failed", { cause: system("ECONNREFUSED") })),
    "connection refused",
  );
  assert.equal(errorReason(system("EODD")), "EODD: x, open '/y'");
  assert.equal(errorReason("text"), "text");
  assert.equal(errorReason(Object.create(null)), "an object that has no text was thrown");
});
