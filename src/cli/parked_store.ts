import { existsSync } from "node:fs";
import { type InboxStore, sqliteStore, TelehookError } from "../../mod.ts";
import { quote } from "../text/quote.ts";
import { type CommandContext, UsageError } from "./command.ts";

/**
 * Opens the store file that a command names, which a bot may be using at the same time, and closes it afterwards.
 *
 * @throws {TelehookError} `ERR_FILE` if there is no such file: a misspelled name must not create a store.
 */
export async function withStore<T>(
  { flags: { operands: [file] } }: CommandContext,
  usage: string,
  use: (store: InboxStore) => Promise<T>,
): Promise<T> {
  if (file === undefined) throw new UsageError(`The store file is missing. Usage: ${usage}`);
  if (!existsSync(file)) {
    throw new TelehookError("ERR_FILE", `There is no file ${quote(file)}: pass the file of sqliteStore`);
  }
  const store = sqliteStore(file);
  await store.open({
    wake: () => {}, // nothing is handled here
    lost: () => {},
    failed: () => {},
  });
  try {
    return await use(store);
  } finally {
    await store.close();
  }
}

/** The id that a command names. */
export function idIn({ flags: { operands: [, id] } }: CommandContext, usage: string): number {
  if (id === undefined) throw new UsageError(`The id is missing. Usage: ${usage}. See telehook parked`);
  if (!/^\d{1,15}$/.test(id)) throw new UsageError(`The id must be a whole number, not ${quote(id)}`);
  return Number(id);
}
