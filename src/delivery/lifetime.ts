import type { FlatUpdate } from "../updates/update.ts";

const DAY_MS = 24 * 60 * 60 * 1_000;

/**
 * Milliseconds for which Telegram certainly goes on to deliver an update that is not acknowledged, as far as the update
 * tells: messages for 24 hours from their date, queries for a fixed time from when they were made, which an update does not
 * say. Taken from the source of Telegram's [Bot API server](https://github.com/tdlib/telegram-bot-api).
 *
 * @param now Milliseconds since 1970.
 */
export function lifetimeLeftMs(update: FlatUpdate, now: number): number {
  if (update.inline_query) return 30_000;
  if (update.callback_query ?? update.shipping_query ?? update.pre_checkout_query) return 150_000;
  if (update.chosen_inline_result) return 600_000;
  const message = update.message ?? update.channel_post ?? update.business_message;
  const edited = update.edited_message ?? update.edited_channel_post ?? update.edited_business_message;
  const date = message?.date ?? edited?.edit_date;
  return typeof date === "number" && date > 0 ? Math.max(0, date * 1_000 + DAY_MS - now) : DAY_MS;
}
