import { jsonOf } from "../api/parameters.ts";
import type { TestMessage } from "./objects.ts";

/** A button under a message: https://core.telegram.org/bots/api#inlinekeyboardbutton */
export interface Button {
  text: string;
  callback_data?: string;
  [field: string]: unknown;
}

/** The buttons under a message, row by row. */
export function buttonsOf({ reply_markup }: TestMessage): Button[] {
  const markup = jsonOf(reply_markup);
  if (typeof markup !== "object" || markup === null || !("inline_keyboard" in markup)) return [];
  return Array.isArray(markup.inline_keyboard) ? markup.inline_keyboard.flat().filter(isButton) : [];
}

/** Finds the latest message of a chat with a button of this text or data. */
export function findButton(
  messages: Iterable<TestMessage>,
  wanted: string,
): { message: TestMessage; button: Button } | undefined {
  let found: { message: TestMessage; button: Button } | undefined;
  for (const message of messages) {
    const button = buttonsOf(message).find(({ text, callback_data }) =>
      text === wanted || callback_data === wanted
    );
    if (button) found = { message, button };
  }
  return found;
}

function isButton(value: unknown): value is Button {
  return typeof value === "object" && value !== null && "text" in value && typeof value.text === "string";
}
