import { assertBotToken } from "./bot_token.ts";

// Part of the result: another label results in another secret token.
const LABEL = "telehook secret_token";

/**
 * Derives a secret token from the bot token. It is the same on every start and in every process, so there is nothing to
 * store: the HMAC-SHA-256 of the text `telehook secret_token`, keyed with the bot token, as 64 hexadecimal digits. The
 * bot token cannot be computed from it. A new bot token results in a new secret token.
 *
 * @param token The bot token, as @BotFather shows it.
 * @returns What to pass as `secret_token` to `setWebhook` and as `secretToken` to `webhook` or `listen`.
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
  const digest = new Uint8Array(await crypto.subtle.sign("HMAC", key, utf8.encode(LABEL)));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
