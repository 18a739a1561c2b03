import { strict as assert } from "node:assert";
import { Buffer } from "node:buffer";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { type ApiAnswer, call, frozen } from "./test_server.ts";

/** Calls a method with the very bytes of a form; every character is one. */
async function post(
  { apiRoot, token }: { apiRoot: string; token: string },
  method: string,
  bytes: string,
  contentType = "multipart/form-data; boundary=bound",
): Promise<ApiAnswer> {
  const response = await fetch(`${apiRoot}/bot${token}/${method}`, {
    method: "POST",
    headers: { "content-type": contentType },
    body: new Uint8Array(Buffer.from(bytes, "latin1")),
  });
  return { ...await response.json(), status: response.status, headers: response.headers };
}

/** A form as grammY writes it: no space in a header, a file name without quotes, the file under a different name. */
function asGrammy(fields: Record<string, string>, fileName: string, file: string): string {
  const parts = Object.entries({ ...fields, document: "attach://8l26lnl9" }).map(([name, value]) =>
    `--bound\r\ncontent-disposition:form-data;name="${name}"\r\n\r\n${value}\r\n`
  );
  const head = `content-disposition:form-data;name="8l26lnl9";filename=${fileName}\r\n` +
    "content-type:application/octet-stream\r\n\r\n";
  return `${parts.join("")}--bound\r\n${head}${file}\r\n--bound--\r\n`;
}

describe("a form", () => {
  test("as grammY writes it has its fields, and every byte of its file", async (t) => {
    const telegram = await frozen(t);
    const bytes = "\r\n--boun\r\nbound--\r\n\0\xff\r\n";
    const { ok } = await post(
      telegram,
      "sendDocument",
      asGrammy({ chat_id: "5", caption: "\xc3\xa4" }, "my file.txt", bytes),
    );
    assert.equal(ok, true);
    const [{ params: { "8l26lnl9": file, ...fields } } = assert.fail()] = telegram.calls;
    assert.deepEqual(fields, { chat_id: "5", caption: "ä", document: "attach://8l26lnl9" });
    assert.ok(file instanceof File);
    assert.deepEqual([file.name, file.type], ["my file.txt", "application/octet-stream"]);
    assert.equal(Buffer.from(await file.arrayBuffer()).toString("latin1"), bytes);
  });

  test("as grammY writes it brings the certificate of setWebhook", async (t) => {
    const telegram = await frozen(t);
    const url = new URL("../fixtures/testing_certificates/cn_ip.pem", import.meta.url);
    const pem = readFileSync(url, "utf8");
    const fields = { url: "https://127.0.0.1:1/", certificate: "attach://8l26lnl9" };
    const { description } = await post(telegram, "setWebhook", asGrammy(fields, "cert.pem", pem));
    assert.equal(description, "Webhook was set");
    assert.equal(telegram.webhook?.certificate, pem);
  });

  const names: readonly (readonly [disposition: string, fileName: string])[] = [
    ['form-data; name="file"; filename="a.txt"', "a.txt"],
    ["Form-Data; Filename=a.txt; Name=file", "a.txt"],
    ['form-data; name = "file" ; filename = a.txt', "a.txt"],
    ['form-data; name="file"; filename="a; name=b.txt"', "a; name=b.txt"],
    ['form-data; name="file"; filename="a \\"b\\" %22c%22.txt"', 'a "b" "c".txt'],
    ['form-data; name="file"; filename="\xc3\xa4.txt"', "ä.txt"],
    ['form-data; name="file"; filename=""', ""],
  ];
  for (const [disposition, fileName] of names) {
    test(`has a file by ${disposition}`, async (t) => {
      const telegram = await frozen(t);
      const part = `Content-Type: text/plain\r\nContent-Disposition: ${disposition}\r\n\r\nbytes`;
      await post(telegram, "setChatPhoto", `--bound\r\n${part}\r\n--bound--`);
      const file = telegram.calls[0]?.params.file;
      assert.ok(file instanceof File);
      assert.deepEqual([file.name, await file.text()], [fileName, "bytes"]);
    });
  }

  test("may have a quoted boundary, spaces behind it, and something before and after", async (t) => {
    const telegram = await frozen(t);
    const part = 'Content-Disposition: form-data; name="text"\r\n\r\nhi';
    const body = `before\r\n--a b \t\r\n${part}\r\n--a b--\r\nafter`;
    await post(telegram, "sendChatAction", body, 'Multipart/Form-Data; charset=utf-8; Boundary="a b"');
    assert.deepEqual(telegram.calls[0]?.params, { text: "hi" });
  });

  test("may be empty", async (t) => {
    const telegram = await frozen(t);
    await post(telegram, "sendChatAction", "--bound--\r\n");
    assert.deepEqual(telegram.calls[0]?.params, {});
  });

  const part = '--bound\r\nContent-Disposition: form-data; name="url"\r\n\r\n\r\n';
  const unreadable: readonly (readonly [what: string, body: string, description: string])[] = [
    ["no boundary", "url=", "closing boundary not found"],
    ["no closing boundary", part, "closing boundary not found"],
    [
      "a part without a name",
      "--bound\r\nContent-Disposition: form-data\r\n\r\n\r\n--bound--",
      "field name in multipart data is empty",
    ],
    ["a part without headers", "--bound\r\n\r\nhi\r\n--bound--", "field name in multipart data is empty"],
    ["a part without an empty line", "--bound\r\nhi\r\n--bound--", "field name in multipart data is empty"],
  ];
  for (const [what, body, description] of unreadable) {
    test(`with ${what} is refused, and removes no webhook`, async (t) => {
      const telegram = await frozen(t);
      await call(telegram, "setWebhook", { url: "http://127.0.0.1:1" });
      const answer = await post(telegram, "setWebhook", body);
      assert.deepEqual([answer.status, answer.error_code], [400, 400]);
      assert.equal(answer.description, `Bad Request: ${description}`);
      assert.ok(telegram.webhook);
    });
  }

  test("is refused when its type names no boundary", async (t) => {
    const telegram = await frozen(t);
    const { status, description } = await post(telegram, "sendChatAction", part, "multipart/form-data");
    assert.deepEqual([status, description], [400, "Bad Request: boundary not found"]);
  });
});
