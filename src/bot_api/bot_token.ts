import { TelehookError } from "../errors/telehook_error.ts";

/**
 * Refuses what cannot be a bot token, so that a missing environment variable or a pasted line break is told
 * apart from a token that Telegram has revoked. The value is never quoted.
 *
 * @throws {TelehookError} `ERR_BOT_TOKEN`
 */
export function assertBotToken(value: unknown): asserts value is string {
  if (typeof value !== "string" || value === "") {
    throw new TelehookError(
      "ERR_BOT_TOKEN",
      "The bot token is missing. Pass the token that @BotFather gave you",
    );
  }
  if (!/^[1-9]\d*:[\w-]+$/.test(value)) {
    const why = /\s/.test(value) ? "contains white space" : "is malformed";
    throw new TelehookError(
      "ERR_BOT_TOKEN",
      `The bot token ${why}. It looks like 123456789:AA…; copy it exactly as @BotFather shows it`,
    );
  }
}
