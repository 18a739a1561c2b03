import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { commandsOf, testOf } from "../../src/inspector/page/copied.ts";
import type { DeliveryRow } from "../../src/inspector/protocol.ts";

const isNode = !("Deno" in globalThis) && !("Bun" in globalThis);
const update = { update_id: 1, message: { text: "It's\nUPDATE\n$(rm -rf /)", chat: { id: 1 } } };
const row = { kind: "message", what: 'Anna: "hi"' } as DeliveryRow;

describe("the page", () => {
  it("is bundled as it is written", { skip: !isNode }, async () => {
    const { bundlePage, PAGE_FILES } = await import("../../build_inspector.ts");
    assert.equal(readFileSync(PAGE_FILES, "utf8"), bundlePage(), "run: npm run build:inspector");
  });

  it("copies a delivery as a command that a shell passes on as it is", () => {
    const headers = { "x-telegram-bot-api-secret-token": "<secret>" };
    const command = commandsOf({ updates: [update], url: "http://127.0.0.1:8080/it's", headers });
    // In place of telehook, the arguments and the input are printed.
    const script = `telehook() { printf '%s\\n' "$WEBHOOK_SECRET" "$@"; cat; }\n${command}`;
    const lines = execFileSync("sh", ["-c", script], { encoding: "utf8" }).trimEnd().split("\n");
    assert.deepEqual(lines.slice(0, -1), [
      "the secret token",
      "send",
      "http://127.0.0.1:8080/it's",
      "--file",
      "-",
    ]);
    assert.deepEqual(JSON.parse(lines.at(-1) ?? ""), update);
    assert.match(
      commandsOf({ updates: [update, update], url: "http://x/", headers: undefined }),
      /--no-secret/,
    );
  });

  it("copies a delivery as a test that runs", { skip: !isNode }, () => {
    const reply = { method: "sendMessage", chat_id: 1, text: "Hello" };
    const single = testOf({ updates: [update], reply, row });
    assert.match(single, /^test\("message: Anna: \\"hi\\"", async/m);
    const root = fileURLToPath(new URL("../../", import.meta.url));
    for (const text of [single, testOf({ updates: [update, update], reply: undefined, row })]) {
      const runnable = text.replace('"telehook"', JSON.stringify(`${root}mod.ts`))
        .replace(/^import \{ bot \}.*$/m, `const bot = () => (${JSON.stringify(reply)});`);
      const output = execFileSync(
        process.execPath,
        [
          "--import",
          "tsx",
          "--test-reporter=tap",
          "--input-type=module",
          "--eval",
          `${runnable}`.replace(/ as Update\b|type Update, /g, ""),
        ],
        { encoding: "utf8", cwd: root, env: { ...process.env, NODE_TEST_CONTEXT: undefined } },
      );
      assert.match(output, /^# pass 1$/m);
    }
  });
});
