import type { DeliveryDetail } from "../protocol.ts";

/** The commands that send a delivery again, one for each update. */
export function commandsOf(
  { updates, url, headers }: Pick<DeliveryDetail, "updates" | "headers"> & { readonly url: string },
): string {
  const hasSecret = headers !== undefined && "x-telegram-bot-api-secret-token" in headers;
  const start = hasSecret ? 'WEBHOOK_SECRET="the secret token" telehook send' : "telehook send";
  const end = hasSecret ? "" : " --no-secret";
  // The JSON has no line breaks, so that no line of it can end the text early.
  return updates.map((update) =>
    `${start} ${quoted(url)} --file -${end} <<'UPDATE'\n${JSON.stringify(update)}\nUPDATE\n`
  )
    .join("");
}

/** A test that passes a delivery in and expects the same reply. */
export function testOf({ updates, reply, row }: Pick<DeliveryDetail, "updates" | "reply" | "row">): string {
  const isGroup = updates.length > 1;
  const pass = isGroup
    ? `  for (const update of ${indented(updates)}) await hook.receive(update as Update);
  await hook.close(); // completes the media group
`
    : `  const reply = await hook.receive(${indented(updates[0])} as Update);
  assert.deepEqual(reply, ${reply === undefined ? "undefined" : indented(reply)});
  await hook.close();
`;
  return `${isGroup ? "" : 'import assert from "node:assert/strict";\n'}import { test } from "node:test";
import { type Update, webhook } from "telehook";
import { bot } from "./bot.ts"; // your handlers

test(${JSON.stringify(`${row.kind}: ${row.what}`)}, async () => {
  const hook = webhook(bot, { secretToken: null });
${pass}});
`;
}

function indented(value: unknown): string {
  return JSON.stringify(value, null, 2).replaceAll("\n", "\n  ");
}

function quoted(text: string): string {
  return /^[\w:/.@%+,=-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
