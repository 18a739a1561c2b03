import { checkOptionNames } from "../checks/options.ts";
import { TelehookError } from "../errors/telehook_error.ts";
import { MAX_FILE_BYTES, readFile } from "../platform/read_file.ts";
import { plainText } from "../text/plain_text.ts";
import { quote } from "../text/quote.ts";
import { type Bytes, TAG } from "./der.ts";
import { isJks, readJks } from "./jks.ts";
import type { KeyPair } from "./key_pair.ts";
import type { Keystore, KeystoreEntry } from "./keystore.ts";
import { writePem } from "./pem.ts";
import { readPkcs12 } from "./pkcs12.ts";
import { Unreadable } from "./unreadable.ts";

/** A keystore and what opens it; either `path` or `bytes`. */
export interface KeystoreOptions {
  /** The file, relative to the working directory. */
  path?: string | URL | undefined;
  /** The file's content, where there are no files or it comes from elsewhere; at most 4 MiB. */
  bytes?: Uint8Array | undefined;
  /** The keystore's password, which may be empty. */
  password: string;
  /** The name of the key in the keystore; upper and lower case are the same. Default: the only key there is. */
  alias?: string | undefined;
  /** The key's own password. Default: the keystore's. */
  aliasPassword?: string | undefined;
}

/**
 * Reads a private key and its certificates from a Java keystore (JKS) or a PKCS#12 file (`.p12`, `.pfx`), as old and
 * new versions of `keytool` and `openssl pkcs12` write them. Pass the result to a server as `tls`.
 *
 * The file is verified by its digest or MAC first; a PKCS#12 file without a MAC is refused. A key
 * without a name in PKCS#12 has the name that Java gives it: `"1"` for the first.
 *
 * For PKCS#12, it reads PBES2 (AES or triple DES with PBKDF2) and the older `pbeWithSHAAnd3-KeyTripleDES-CBC`,
 * `…2-KeyTripleDES-CBC`, `…128BitRC2-CBC` and `…40BitRC2-CBC`, with a MAC by SHA-1, SHA-256, SHA-384, SHA-512
 * or PBMAC1 and at most 2 000 000 iterations of each. A keystore of Java 8,
 * with 100 000 iterations, takes 0.1 s (Bun) to 1.5 s (Deno), during which this process does nothing else; all others
 * take less than 0.1 s.
 *
 * @param options The keystore, its password, and which key of it.
 * @returns PEM text: the private key in PKCS#8, and all certificates of its chain in the keystore, the key's own
 * first.
 * @throws {TelehookError} `ERR_KEYSTORE_PASSWORD`: a password is wrong (or the file was altered, which looks
 * the same). `ERR_KEYSTORE_ALIAS`: there is no such key, or several to choose from; the message lists them.
 * `ERR_KEYSTORE_FORMAT`: the file is damaged, of another format or encrypted by a scheme that telehook does
 * not read, which the message names. `ERR_FILE`: it cannot be read. `ERR_OPTION`: an option is missing,
 * unknown or of another type. `ERR_RUNTIME`: this runtime does not have files (pass `bytes`) or `node:crypto`.
 *
 * @example
 * ```ts
 * import { loadKeystore } from "@telehook/telehook/tls";
 *
 * export function keystore(password: string) {
 *   return loadKeystore({ path: "/etc/bot/keystore.jks", password, alias: "bot" });
 * }
 * ```
 *
 * @see https://www.rfc-editor.org/rfc/rfc7292
 */
export async function loadKeystore(options: KeystoreOptions): Promise<KeyPair> {
  const source = checkOptions(options);
  const { password, alias, aliasPassword = password } = options;
  const name = source instanceof Uint8Array ? "keystore" : `keystore "${plainText(String(source))}"`;
  // A copy: the caller may change the bytes while this waits.
  const content = new Uint8Array(source instanceof Uint8Array ? source : await readFile(source, "path"));
  const wrongPassword = `The password of the ${name} is wrong, or the file was altered`;
  const keystore = await reading(name, wrongPassword, () => readKeystore(content, password, name));
  const entry = chooseEntry(keystore, alias, name);
  const wrongKeyPassword = `The password of the key ${
    quote(entry.alias)
  } in the ${name} is wrong: pass it as "aliasPassword"`;
  const { key, chain } = await reading(name, wrongKeyPassword, () => entry.open(aliasPassword));
  if (chain.length === 0) {
    throw formatError(`The ${name} has no certificate for the key ${quote(entry.alias)}`);
  }
  const cert = chain.map((certificate) => writePem("CERTIFICATE", certificate)).join("");
  return { cert, key: writePem("PRIVATE KEY", key) };
}

/** Refuses wrong options; returns the keystore's place or content. */
function checkOptions(options: KeystoreOptions): string | URL | Uint8Array {
  checkOptionNames("loadKeystore", options, ["path", "bytes", "password", "alias", "aliasPassword"]);
  const { path, bytes, password, alias, aliasPassword } = options;
  if (typeof password !== "string") throw misuse('"password" must be text; it may be empty');
  if (alias !== undefined && typeof alias !== "string") throw misuse('"alias" must be text');
  if (aliasPassword !== undefined && typeof aliasPassword !== "string") {
    throw misuse('"aliasPassword" must be text');
  }
  if (path === undefined && bytes instanceof Uint8Array) return bytes;
  if (bytes === undefined && (typeof path === "string" || path instanceof URL)) return path;
  throw misuse('Pass either the "path" of a keystore, as text or a URL, or its "bytes", as a Uint8Array');
}

async function readKeystore(content: Bytes, password: string, name: string): Promise<Keystore> {
  if (content.length > MAX_FILE_BYTES) throw formatError(`The ${name} has more than ${MAX_FILE_BYTES} bytes`);
  if (isJks(content)) return readJks(content, password);
  if (content[0] === TAG.sequence) return await readPkcs12(content, password);
  if (content.length === 0) throw formatError(`The ${name} is empty`);
  const isPem = new TextDecoder().decode(content).includes("-----BEGIN ");
  throw formatError(
    isPem
      ? `The ${name} is PEM text and not a keystore: pass it as "cert" and "key"`
      : `The ${name} is neither PKCS#12 nor JKS`,
  );
}

function chooseEntry(
  { entries, certificateAliases }: Keystore,
  alias: string | undefined,
  name: string,
): KeystoreEntry {
  const known = entries.map((entry) => quote(entry.alias)).join(", ");
  const [first] = entries;
  if (first === undefined) throw aliasError(`The ${name} has no private key, only certificates`);
  if (alias === undefined) {
    if (entries.length === 1) return first;
    throw aliasError(`The ${name} has ${entries.length} keys: choose one as "alias": ${known}`);
  }
  const found = entries.find((entry) => isSameAlias(entry.alias, alias));
  if (found !== undefined) return found;
  const what = certificateAliases.some((other) => isSameAlias(other, alias))
    ? "only a certificate"
    : "nothing";
  throw aliasError(`The ${name} has ${what} under the alias ${quote(alias)}: its keys are ${known}`);
}

/** Java ignores the case of aliases. */
function isSameAlias(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}

function aliasError(message: string): TelehookError {
  return new TelehookError("ERR_KEYSTORE_ALIAS", message);
}

async function reading<T>(name: string, wrongPassword: string, read: () => T | Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error;
    if (error.reason === "password") throw new TelehookError("ERR_KEYSTORE_PASSWORD", wrongPassword);
    if (error.reason === "damaged") {
      throw formatError(`The ${name} is damaged or cut short: ${error.message}`);
    }
    throw formatError(
      `The ${name} uses ${error.message}, which telehook does not read: convert it with ` +
        "`keytool -importkeystore -deststoretype PKCS12` or `openssl pkcs12 -export`",
    );
  }
}

function formatError(message: string): TelehookError {
  return new TelehookError("ERR_KEYSTORE_FORMAT", message);
}

function misuse(message: string): TelehookError {
  return new TelehookError("ERR_OPTION", message);
}
