import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { test } from "node:test";
import { deriveSecretToken } from "../../src/bot_api/derive_secret_token.ts";
import { TelehookError } from "../../src/errors/telehook_error.ts";
import { assertSecretToken } from "../../src/guard/secret_token.ts";

test("the derived secret token is the documented HMAC, the same every time", async () => {
  for (const token of ["123456789:AAexample", "1:a", `99:${"x_-".repeat(25)}`]) {
    const derived = await deriveSecretToken(token);
    assert.equal(derived, createHmac("sha256", token).update("telehook secret_token").digest("hex"));
    assert.equal(derived, await deriveSecretToken(token));
    assertSecretToken(derived);
  }
});

test("the derived secret token never changes from version to version", async () => {
  const derived = await deriveSecretToken("123456789:AAexample");
  assert.equal(derived, "3773c2ad6ae3ddc647fe4168aa7a63bb34e7bb0f1cae620ee7c31112f3be2439");
});

test("a malformed bot token is refused and not quoted", async () => {
  await assert.rejects(
    deriveSecretToken("hidden"),
    (error) =>
      error instanceof TelehookError && error.code === "ERR_BOT_TOKEN" && !error.message.includes("hidden"),
  );
});
