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

/** Those that hold what telehook makes of Telegram's types: types.test.ts looks at them. */
const OWN = ["mod.ts", "update.ts", "media_group.ts", "is_inaccessible_message.ts"];

/** The files that hold Telegram's types, by name. */
export const sources: ReadonlyMap<string, string> = new Map(
  [...files].filter(([name]) => !OWN.includes(name)),
);
