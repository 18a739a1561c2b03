import { assertBotToken } from "./bot_token.ts";

// Part of the result: another label is another secret token.
const label = "telehook secret_token";

/**
 * A secret token made from the bot token: the same on every start and every instance, with nothing to store.
 * It is the HMAC-SHA-256 of the text `telehook secret_token`, keyed with the bot token, as 64 hexadecimal
 * digits; the bot token cannot be found from it. A new bot token makes a new one.
 *
 * @param token The bot token, as @BotFather shows it.
 * @returns What to give as `secret_token` to `setWebhook` and as `secretToken` to `webhook`.
 * @throws {TelehookError} `ERR_BOT_TOKEN` when the token is missing or malformed
 * @see https://core.telegram.org/bots/api#setwebhook
 * @see https://www.rfc-editor.org/rfc/rfc2104
 *
 * @example
 * ```ts
 * import { deriveSecretToken } from "@telehook/telehook";
 *
 * const secretToken = await deriveSecretToken("123456789:AAexample");
 * console.log(secretToken.length); // 64
 * ```
 */
export async function deriveSecretToken(token: string): Promise<string> {
  assertBotToken(token);
  const utf8 = new TextEncoder();
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", utf8.encode(token), algorithm, false, ["sign"]);
  const digest = new Uint8Array(await crypto.subtle.sign("HMAC", key, utf8.encode(label)));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
