import { TelehookError } from "../errors/telehook_error.ts";
import { checkBoolean, checkOptionNames } from "../checks/options.ts";
import { fullPath } from "../platform/full_path.ts";
import { quote } from "../text/quote.ts";
import { readTlsFiles, watchTlsFiles } from "./tls_files.ts";
import type { PemPair } from "./transport.ts";

/** A certificate and its key as text, for HTTPS. */
export interface TlsPem {
  /** The server's certificate, then the other certificates of its chain, as PEM text. */
  readonly cert: string;
  /** The private key, as PEM text. */
  readonly key: string;
  /** The passphrase of the private key, if it is encrypted. */
  readonly passphrase?: string | undefined;
}

/** A certificate and its key in files, for HTTPS. */
export interface TlsFiles {
  /** The PEM file of the certificate and its chain, such as certbot's `fullchain.pem`. */
  readonly certFile: string | URL;
  /** The PEM file of the private key, such as certbot's `privkey.pem`. */
  readonly keyFile: string | URL;
  /** The passphrase of the private key, if it is encrypted. */
  readonly passphrase?: string | undefined;
  /**
   * Whether to check the files every second and to use renewed ones as {@link WebhookServer.setTls} does, also if a
   * link points to other files. A pair that cannot be used, such as one that is half written, is rejected and tried
   * again; if it is rejected twice, the log and the event `certificate` say so. Default: `false`.
   */
  readonly watch?: boolean | undefined;
}

/** A certificate and its key, for HTTPS: as text, or in files. */
export type TlsOptions = TlsPem | TlsFiles;

/** A pair that a server can start with, and a way to receive later ones. */
export interface LoadedTls {
  readonly pair: PemPair;
  /**
   * Calls `use` with each later pair, and `reject` with why one cannot be used, until the returned function is called. Absent
   * without the option `watch`.
   */
  readonly watch?: (use: (pair: PemPair) => Promise<void>, reject: (error: unknown) => void) => () => void;
}

const TEXT_NAMES = ["cert", "key", "passphrase"];
const NAMES = [...TEXT_NAMES, "certFile", "keyFile", "watch"];

/**
 * Reads and checks a certificate and its key.
 *
 * @throws {TelehookError} `ERR_TLS` if they cannot be used, `ERR_FILE` if a file cannot be read, `ERR_OPTION`.
 */
export async function loadTls(tls: TlsOptions): Promise<LoadedTls> {
  checkOptionNames("tls", tls, NAMES);
  if (!isFiles(tls)) {
    if ("watch" in tls && tls.watch) throw misuse('"watch" needs "certFile" and "keyFile"');
    return { pair: await checkText(tls) };
  }
  if (("cert" in tls && tls.cert !== undefined) || ("key" in tls && tls.key !== undefined)) {
    throw misuse('"tls" is either text or files: pass "cert" and "key", or "certFile" and "keyFile"');
  }
  checkFile("certFile", tls.certFile);
  checkFile("keyFile", tls.keyFile);
  checkBoolean("watch", tls.watch);
  const { certFile, keyFile } = tls;
  const watched = { ...tls, certFile: found(certFile), keyFile: found(keyFile) };
  const { pair, state } = await readTlsFiles(tls);
  return tls.watch ? { pair, watch: (use, reject) => watchTlsFiles(watched, state, use, reject) } : { pair };
}

/** Where a file is also found after the working directory was changed. */
function found(file: string | URL): string | URL {
  return typeof file === "string" ? fullPath(file) : file;
}

function isFiles(tls: TlsOptions): tls is TlsFiles {
  const { certFile, keyFile }: Partial<TlsFiles & TlsPem> = tls;
  return certFile !== undefined || keyFile !== undefined;
}

/**
 * Checks a certificate and its key that are given as text.
 *
 * @throws {TelehookError} `ERR_TLS` if they cannot be used, `ERR_OPTION`.
 */
export async function checkPem(tls: TlsPem): Promise<PemPair> {
  checkOptionNames("setTls", tls, TEXT_NAMES);
  return await checkText(tls);
}

/** Finds mistakes now rather than at the first handshake, and decrypts the key, which Deno cannot. */
async function checkText(tls: TlsPem): Promise<PemPair> {
  const { checkKeyPair } = await import("../tls/key_pair.ts");
  return await checkKeyPair(tls);
}

function checkFile(name: string, value: unknown): void {
  if ((typeof value === "string" && value !== "") || value instanceof URL) return;
  if (value === undefined) throw misuse(`"${name}" is missing: pass the path of a PEM file`);
  throw misuse(`"${name}" must be the path of a PEM file, not ${quote(value)}`);
}

function misuse(message: string): TelehookError {
  return new TelehookError("ERR_OPTION", message);
}
