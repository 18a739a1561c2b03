import { strict as assert } from "node:assert";
import { describe, it } from "node:test";
import { TelehookError } from "../../mod.ts";
import { assertSecretToken, secretCheck } from "../../src/guard/secret_token.ts";

const SECRET = "Correct-horse_battery-Staple";
const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";

describe("the check of a secret", () => {
  it("passes the secret alone", () => {
    const check = secretCheck(SECRET);
    assert.ok(check);
    assert.equal(check(SECRET), true);
    const others = [
      undefined,
      null,
      "",
      SECRET.slice(1),
      SECRET.slice(0, -1),
      `${SECRET}e`,
      `${SECRET} `,
      ` ${SECRET}`,
      SECRET + SECRET,
      SECRET.toLowerCase(),
      [...SECRET].reverse().join(""),
      SECRET.replace("C", "\u0143"), // the same low byte
      "\0".repeat(SECRET.length),
      "x".repeat(100_000),
    ];
    for (const other of others) assert.equal(check(other), false, JSON.stringify(other));
  });

  it("sees a difference in any one character", () => {
    const check = secretCheck(SECRET);
    for (let i = 0; i < SECRET.length; i++) {
      const wrong = `${SECRET.slice(0, i)}${SECRET[i] === "x" ? "y" : "x"}${SECRET.slice(i + 1)}`;
      assert.equal(check?.(wrong), false, wrong);
    }
  });

  it("does not take a secret repeated to twice its length, nor a part of a repeated one", () => {
    assert.equal(secretCheck("ab")?.("abab"), false);
    assert.equal(secretCheck("abab")?.("ab"), false);
    assert.equal(secretCheck("a")?.("aa"), false);
    assert.equal(secretCheck("a")?.(""), false);
  });

  it("passes each of several during a rotation, the same one twice too", () => {
    const check = secretCheck(["new", "old", "new"]);
    assert.deepEqual(["new", "old", "newold", "new, old", "ne"].map((each) => check?.(each)), [
      true,
      true,
      false,
      false,
      false,
    ]);
  });

  it("is not changed by what happens to the array afterwards", () => {
    const secrets = ["first"];
    const check = secretCheck(secrets);
    secrets.push("second");
    secrets[0] = "third";
    assert.deepEqual(["first", "second", "third"].map((each) => check?.(each)), [true, false, false]);
  });

  it("is none for null", () => assert.equal(secretCheck(null), undefined));

  it("takes one of 256 characters, and every character that Telegram allows", () => {
    for (const secret of ["x".repeat(256), ALPHABET, ...ALPHABET]) {
      assert.equal(secretCheck(secret)?.(secret), true);
    }
    assert.equal(secretCheck("x".repeat(256))?.("x".repeat(257)), false);
  });

  it("reads every character of what is given against every secret, whatever it finds on the way", () => {
    // Time on a shared machine proves nothing, so the accesses are counted on a string that counts them.
    const secrets = ["aaaa", "bbbb", "aaab"];
    const reads = (given: string) => {
      const charCodeAt = String.prototype.charCodeAt;
      let count = 0;
      String.prototype.charCodeAt = function (this: string, at: number) {
        count++;
        return charCodeAt.call(this, at);
      };
      try {
        check?.(given);
      } finally {
        String.prototype.charCodeAt = charCodeAt;
      }
      return count;
    };
    const check = secretCheck(secrets);
    for (const given of ["aaaa", "aaab", "bbbb", "zzzz", "azzz", "zaaa"]) {
      assert.equal(reads(given), 2 * 4 * 3, given);
    }
    assert.equal(reads("zz"), 2 * 2 * 3);
    assert.equal(reads("zzzzzzzz"), 2 * 8 * 3);
  });
});

describe("a secret that Telegram would refuse", () => {
  const refused: readonly (readonly [what: string, secret: unknown])[] = [
    ["nothing", undefined],
    ["empty text", ""],
    ["257 characters", "S3CRET".repeat(50).slice(0, 257)],
    ["a space", "S3CRET with space"],
    ["a space behind", "S3CRET "],
    ["a line break, as read from a file", "S3CRET\n"],
    ["a colon, as in a bot token", "123456:S3CRET"],
    ["base64", "S3CRET+/=="],
    ["a letter beyond ASCII", "S3CRETö"],
    ["an emoji", "S3CRET😀"],
    ["a zero byte", "S3CRET\0"],
    ["a letter that only looks like one", "S3CRE\u0422"],
    ["a number", 53],
    ["true", true],
    ["bytes", new TextEncoder().encode("S3CRET")],
    ["a function", () => "S3CRET"],
    ["an object that is text to some", { toString: () => "S3CRET" }],
    ["no secret at all", []],
    ["a good and a bad one", ["good", "S3CRET!"]],
    ["null among several", ["good", null]],
    ["an array in an array", [["S3CRET"]]],
  ];

  for (const [what, secret] of refused) {
    it(`is refused without being quoted: ${what}`, () => {
      assert.throws(() => secretCheck(secret), (error) => {
        assert.ok(error instanceof TelehookError);
        assert.equal(error.code, "ERR_SECRET_TOKEN");
        assert.match(error.message, /^[A-Z"].*[^.]$/);
        assert.doesNotMatch(`${error.message} ${error.stack} ${JSON.stringify(error)}`, /S3CRE|123456/);
        return true;
      });
    });
  }

  it("is told where it is wrong", () => {
    assert.throws(() => assertSecretToken("abc def"), /but character 4 is not one of them\. Create/);
    assert.throws(() => assertSecretToken("x".repeat(300)), /1 to 256 characters, but this one has 300/);
  });
});
