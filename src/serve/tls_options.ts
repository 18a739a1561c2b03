import { TelehookError } from "../errors.ts";
import { checkBoolean, checkOptionNames, quote } from "../options.ts";
import { readTlsFiles, watchTlsFiles } from "./tls_files.ts";
import type { PemPair } from "./transport.ts";

/** A certificate and its key as text, for HTTPS. */
export interface TlsPem {
  /** The certificate and the chain that leads to its root, as PEM text, the server's own first. */
  readonly cert: string;
  /** The private key, as PEM text. */
  readonly key: string;
  /** What an encrypted key is encrypted with. */
  readonly passphrase?: string;
}

/** A certificate and its key in files, for HTTPS. */
export interface TlsFiles {
  /** The PEM file of the certificate and its chain, such as certbot's `fullchain.pem`. */
  readonly certFile: string | URL;
  /** The PEM file of the private key, such as certbot's `privkey.pem`. */
  readonly keyFile: string | URL;
  /** What an encrypted key is encrypted with. */
  readonly passphrase?: string;
  /**
   * Looks at the files every second and serves what they hold as soon as they are renewed, as
   * {@link WebhookServer.setTls} does, links that point elsewhere included. A pair that cannot be used, such as a half
   * written one, is kept out and tried again; `console.error` tells if that lasts. Default: `false`.
   */
  readonly watch?: boolean;
}

/** A certificate and its key, for HTTPS: as text, or in files. */
export type TlsOptions = TlsPem | TlsFiles;

/** A pair that a server can start with, and how to learn of later ones. */
export interface LoadedTls {
  readonly pair: PemPair;
  /** Calls back with each later pair. Absent if nobody watches. */
  readonly watch?: (use: (pair: PemPair) => Promise<void>) => () => void;
}

/**
 * Reads and checks a certificate and its key.
 *
 * @throws {TelehookError} `ERR_TLS` if they cannot be used, `ERR_FILE` if a file cannot be read, `ERR_OPTION`.
 */
export async function loadTls(tls: TlsOptions): Promise<LoadedTls> {
  const isFiles = typeof tls === "object" && tls !== null && ("certFile" in tls || "keyFile" in tls);
  if (!isFiles) return { pair: await checkPem(tls) };
  checkOptionNames("tls", tls, ["certFile", "keyFile", "passphrase", "watch"]);
  checkFile("certFile", tls.certFile);
  checkFile("keyFile", tls.keyFile);
  checkBoolean("watch", tls.watch);
  const { pair, state } = await readTlsFiles(tls);
  return tls.watch ? { pair, watch: (use) => watchTlsFiles(tls, state, use) } : { pair };
}

/** Finds now what would otherwise show at the first handshake, and takes off a passphrase, which Deno cannot. */
export async function checkPem(tls: TlsPem): Promise<PemPair> {
  checkOptionNames("tls", tls, ["cert", "key", "passphrase"]);
  const { checkKeyPair } = await import("../tls/key_pair.ts");
  return checkKeyPair(tls);
}

function checkFile(name: string, value: unknown): void {
  if ((typeof value === "string" && value !== "") || value instanceof URL) return;
  throw new TelehookError("ERR_OPTION", `"${name}" must be the path of a PEM file, not ${quote(value)}`);
}
