import { strict as assert } from "node:assert";
import { describe, it } from "node:test";
import { isJson } from "../../src/parse/parse_update.ts";

describe("a content type", () => {
  const json = [
    "application/json",
    "application/json; charset=utf-8",
    "application/json;charset=UTF-8",
    "application/json ; charset=utf-8",
    "application/json;",
    "APPLICATION/JSON",
    " application/json\t",
    "application/vnd.api+json",
    "application/problem+json; x=y",
  ];
  const other = [
    "",
    " ",
    ";",
    "json",
    "text/json",
    "text/plain",
    "text/plain; application/json",
    "application/jsonp",
    "application/json-seq",
    "application/jsonx",
    "xapplication/json",
    "application/json, text/html",
    "application/json/x",
    "application /json",
    "application/+json",
    "application/a b+json",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=application/json",
    undefined,
    null,
  ];
  for (const type of json) it(`${JSON.stringify(type)} is JSON`, () => assert.equal(isJson(type), true));
  for (const type of other) it(`${JSON.stringify(type)} is not`, () => assert.equal(isJson(type), false));

  it("is read in no time, however it is made", () => {
    const since = performance.now();
    for (const evil of [" ", "a", "+", "+json", ";", "application/"]) isJson(evil.repeat(100_000));
    isJson(`application/${"a+".repeat(50_000)}`);
    assert.ok(performance.now() - since < 1_000);
  });
});
