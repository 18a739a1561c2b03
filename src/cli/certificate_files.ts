import { existsSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { TelehookError } from "../../mod.ts";
import { isFor, readCertificates } from "../testing/certificate_check.ts";
import type { Certificate } from "../tls/certificate.ts";
import { checkKeyPair, type KeyPair } from "../tls/mod.ts";
import { quote } from "../text/quote.ts";
import { fileError, readTextFile } from "./text_file.ts";

/** Where a certificate and its key are. */
export interface CertificateFiles {
  readonly cert: string;
  readonly key: string;
}

/** A certificate that expires sooner is created again. */
const MIN_DAYS_LEFT = 30;
const DAY_MS = 86_400_000;

/** The two files of a name: `bot` means `bot-cert.pem` and `bot-key.pem`. */
export function certificateFiles(prefix: string): CertificateFiles {
  return { cert: `${prefix}-cert.pem`, key: `${prefix}-key.pem` };
}

/** Reads a certificate and its key, and checks them. */
export async function readKeyPair(files: CertificateFiles, passphrase?: string): Promise<KeyPair> {
  const pair = { cert: readTextFile(files.cert), key: readTextFile(files.key) };
  return await checkKeyPair({ ...pair, passphrase }, files);
}

/**
 * Reads a self-signed pair that was created before, if it is still valid for this host.
 *
 * @returns Nothing if there are no such files, or if they contain a self-signed pair that expires soon or that Telegram
 * would not verify for this host.
 * @throws {TelehookError} `ERR_FILE` if the files contain something that must not be overwritten.
 */
export async function reusableKeyPair(
  files: CertificateFiles,
  host: string,
  passphrase?: string,
): Promise<KeyPair | undefined> {
  const [hasCert, hasKey] = [existsSync(files.cert), existsSync(files.key)];
  if (!hasCert && !hasKey) return undefined;
  if (!hasCert || !hasKey) {
    const [there, missing] = hasCert ? [files.cert, files.key] : [files.key, files.cert];
    throw new TelehookError(
      "ERR_FILE",
      `${quote(there)} exists without ${
        quote(missing)
      }. Restore the missing file, or remove the other one to have both created`,
    );
  }
  const certificate = readCertificate(files.cert);
  if (!certificate.isSelfIssued) {
    throw new TelehookError(
      "ERR_FILE",
      `${
        quote(files.cert)
      } was issued by a CA. To use it, write --cert and --key without --self-signed; else choose other files`,
    );
  }
  const daysLeft = (certificate.notAfter.getTime() - Date.now()) / DAY_MS;
  if (!isFor(certificate, host, true) || daysLeft < MIN_DAYS_LEFT) return undefined;
  return await readKeyPair(files, passphrase);
}

/**
 * Writes a pair, the key readable for this user only. Existing files are replaced once both are written: a disk that is full
 * leaves them as they are.
 *
 * @throws {TelehookError} `ERR_FILE`
 */
export function writeKeyPair(files: CertificateFiles, { cert, key }: KeyPair): void {
  const written: string[] = [];
  const write = (path: string, text: string, mode: number): void => {
    const temporary = `${path}.new`;
    tryFor(path, () => {
      rmSync(temporary, { force: true }); // what was left of an earlier try would keep its mode
      written.push(temporary);
      writeFileSync(temporary, text, { mode, flag: "wx" });
    });
  };
  try {
    write(files.key, key, 0o600);
    write(files.cert, cert, 0o644);
    for (const path of [files.key, files.cert]) tryFor(path, () => renameSync(`${path}.new`, path));
  } catch (error) {
    for (const path of written) rmSync(path, { force: true });
    throw error;
  }
}

function firstCertificate(pem: string): Certificate {
  const [first] = readCertificates(pem);
  if (first === undefined) throw new Error("no certificate");
  return first;
}

function readCertificate(path: string): Certificate {
  const pem = readTextFile(path);
  try {
    return firstCertificate(pem);
  } catch (cause) {
    throw new TelehookError(
      "ERR_FILE",
      `${quote(path)} does not contain a certificate in PEM. Remove it, or choose other files`,
      { cause },
    );
  }
}

function tryFor(path: string, write: () => void): void {
  try {
    write();
  } catch (cause) {
    throw fileError("write", path, cause);
  }
}
