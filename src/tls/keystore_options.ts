import { TelehookError } from "../errors/telehook_error.ts";
import { checkOptionNames } from "../checks/options.ts";

/** A keystore and what opens it; either `path` or `bytes`. */
export interface KeystoreOptions {
  /** The file, relative to the working directory. */
  path?: string | URL | undefined;
  /** The file's content, where there are no files or it comes from elsewhere; at most 4 MiB. */
  bytes?: Uint8Array | undefined;
  /** The keystore's password, which may be empty. */
  password: string;
  /** Under which name the key is kept, regardless of case. Default: the only key there is. */
  alias?: string | undefined;
  /** The key's own password. Default: the keystore's. */
  aliasPassword?: string | undefined;
}

/** Refuses options that cannot be meant; returns where the keystore is. */
export function checkOptions(options: KeystoreOptions): string | URL | Uint8Array {
  checkOptionNames("loadKeystore", options, ["path", "bytes", "password", "alias", "aliasPassword"]);
  const { path, bytes, password, alias, aliasPassword } = options;
  if (typeof password !== "string") throw misuse('"password" must be text; it may be empty');
  if (alias !== undefined && typeof alias !== "string") throw misuse('"alias" must be text');
  if (aliasPassword !== undefined && typeof aliasPassword !== "string") {
    throw misuse('"aliasPassword" must be text');
  }
  if (path === undefined && bytes instanceof Uint8Array) return bytes;
  if (bytes === undefined && (typeof path === "string" || path instanceof URL)) return path;
  throw misuse('Give either the "path" of a keystore, as text or a URL, or its "bytes", as a Uint8Array');
}

function misuse(message: string): TelehookError {
  return new TelehookError("ERR_OPTION", message);
}
