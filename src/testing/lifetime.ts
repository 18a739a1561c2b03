import { type TestUpdate, updateKindOf } from "./update_kinds.ts";

const DAY_S = 86_400;

/** Kinds that Telegram does not keep for a day, in seconds from when it got them. */
const SHORT_LIFETIMES_S: Readonly<Record<string, number>> = {
  callback_query: 150,
  shipping_query: 150,
  pre_checkout_query: 150,
  inline_query: 30,
  chosen_inline_result: 600,
  custom_event: 600,
};

/** Kinds that live for a day from their own date. All others do from when Telegram got them. */
const DATED: Readonly<Record<string, (payload: object) => unknown>> = {
  message: messageDate,
  edited_message: messageDate,
  channel_post: messageDate,
  edited_channel_post: messageDate,
  business_message: messageDate,
  edited_business_message: messageDate,
  guest_message: messageDate,
  my_chat_member: date,
  chat_member: date,
  chat_join_request: date,
  message_reaction: date,
  message_reaction_count: date,
  chat_boost: (payload) => at(at(payload, "boost"), "add_date"),
  removed_chat_boost: (payload) => at(payload, "remove_date"),
};

/**
 * When Telegram gives up on an update and silently drops it, in milliseconds since 1970. A date of a day ago or earlier
 * counts as none: Telegram would never send such an update, but a test may deliver one that was recorded long ago.
 *
 * @param now When Telegram got it, in milliseconds since 1970.
 */
export function expiryOf(update: TestUpdate, now: number): number {
  const kind = updateKindOf(update);
  const short = SHORT_LIFETIMES_S[kind];
  if (short !== undefined) return now + short * 1000;
  const payload = update[kind];
  const start = typeof payload === "object" && payload !== null ? DATED[kind]?.(payload) : undefined;
  const end = typeof start === "number" ? (start + DAY_S) * 1000 : 0;
  return end > now ? end : now + DAY_S * 1000;
}

function messageDate(message: object): unknown {
  return at(message, "edit_date") || at(message, "date");
}

function date(payload: object): unknown {
  return at(payload, "date");
}

function at(value: unknown, key: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, key) : undefined;
}
