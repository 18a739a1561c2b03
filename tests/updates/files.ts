import { readdirSync, readFileSync } from "node:fs";
import type { Facts } from "./expected_types.ts";

const folder = new URL("../../src/updates/", import.meta.url);

/** What is known of the Bot API: a new version starts with a new copy of this file. */
export const facts: Facts = JSON.parse(
  readFileSync(new URL("../fixtures/bot-api.json", import.meta.url), "utf8"),
);

/** The files of src/updates, by name. */
export const files: ReadonlyMap<string, string> = new Map(
  readdirSync(folder).map((name) => [name, readFileSync(new URL(name, folder), "utf8")]),
);

/** Files that use the types inside telehook. mod.ts does not export them. */
export const INTERNAL = ["lifetime.ts", "merge_media_group.ts", "telegram_queue.ts"];

/** Files that hold what telehook adds to Telegram's types: types.test.ts tests them. */
const OWN = [
  "mod.ts",
  "update.ts",
  "media_group.ts",
  "is_inaccessible_message.ts",
  "kind_of.ts",
  ...INTERNAL,
];

/** The files that hold Telegram's types, by name. */
export const sources: ReadonlyMap<string, string> = new Map(
  [...files].filter(([name]) => !OWN.includes(name)),
);
