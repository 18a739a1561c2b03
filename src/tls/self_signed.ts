import { TelehookError } from "../errors/telehook_error.ts";
import { checkOptionNames } from "../checks/options.ts";
import {
  type Bytes,
  contextTag,
  readAll,
  readBits,
  readDer,
  TAG,
  writeBits,
  writeDer,
  writeMagnitude,
  writeOid,
} from "./der.ts";
import { type CertificateHost, readHost } from "./host_name.ts";
import type { KeyPair } from "./key_pair.ts";
import { writePem } from "./pem.ts";
import { generateSigner, isSignerAlgorithm, type Signer, type SignerAlgorithm } from "./signer.ts";

/** The host, validity and kind of key of a self-signed certificate. */
export interface SelfSignedOptions {
  /** The host name or IPv4 address in the webhook's URL, without scheme and port. */
  host: string;
  /** How many days it is valid from now on, 1 to 36 500. Default: 3650, ten years. */
  days?: number | undefined;
  /**
   * `"rsa-2048"`, which every client supports, or the smaller and faster `"ecdsa-p256"`. Default: `"rsa-2048"`.
   */
  algorithm?: SignerAlgorithm | undefined;
}

const MAX_DAYS = 36_500;
const DAY = 86_400_000;

/** How far the clock of a client may be behind. */
const CLOCK_SKEW = DAY;

/** The longest common name that RFC 5280 allows. */
const MAX_COMMON_NAME = 64;

/**
 * Creates a self-signed certificate and its private key, for a bot on a bare IPv4 address or on a host name without a
 * certificate from a public CA. Upload `cert` as `certificate` with `setWebhook`, so that Telegram trusts it.
 *
 * Telegram compares an address with the common name, as if it were a host name. Other clients look for it among the
 * IP addresses of the certificate. The certificate has both, so that both can verify it.
 *
 * @param options The host, and optionally the validity and the kind of key.
 * @returns PEM text: the certificate and its private key in PKCS#8.
 * @throws {TelehookError} `ERR_OPTION`: an option is missing, unknown or out of range; the host has a scheme,
 * a port or a wildcard, or is an IPv6 address.
 *
 * @example
 * ```ts
 * import { selfSigned } from "@telehook/telehook/tls";
 *
 * const { cert, key } = await selfSigned({ host: "203.0.113.7", days: 365 });
 * ```
 *
 * @see https://core.telegram.org/bots/self-signed
 */
export async function selfSigned(options: SelfSignedOptions): Promise<KeyPair> {
  checkOptionNames("selfSigned", options, ["host", "days", "algorithm"]);
  const { days = 3650, algorithm = "rsa-2048" } = options;
  const host = readHost(options.host);
  if (!Number.isInteger(days) || days < 1 || days > MAX_DAYS) {
    throw optionError(`"days" must be a whole number from 1 to ${MAX_DAYS}, not "${days}"`);
  }
  if (!isSignerAlgorithm(algorithm)) {
    throw optionError(`"algorithm" must be "rsa-2048" or "ecdsa-p256", not "${algorithm}"`);
  }
  const signer = await generateSigner(algorithm);
  const body = await writeBody(host, days, signer);
  const certificate = sequence(body, signer.identifier, writeBits(await signer.sign(body)));
  return { cert: writePem("CERTIFICATE", certificate), key: writePem("PRIVATE KEY", signer.privateKey) };
}

/** The `TBSCertificate` of RFC 5280, 4.1: the part that is signed. */
async function writeBody(host: CertificateHost, days: number, signer: Signer): Promise<Bytes> {
  const name = writeName(host.name.length <= MAX_COMMON_NAME ? host.name : "telehook");
  const now = Date.now();
  return sequence(
    writeDer(contextTag(0), writeMagnitude(Uint8Array.of(2))), // version 3
    writeMagnitude(crypto.getRandomValues(new Uint8Array(16))), // the serial number
    signer.identifier,
    name,
    sequence(writeTime(new Date(now - CLOCK_SKEW)), writeTime(new Date(now + days * DAY))),
    name,
    signer.publicKey,
    writeDer(
      contextTag(3),
      sequence(
        // Not an authority: rustls does not accept the certificate of one as a server's own.
        extension("2.5.29.19", "critical", sequence()),
        extension("2.5.29.15", "critical", signer.keyUsage),
        extension("2.5.29.37", "optional", sequence(writeOid("1.3.6.1.5.5.7.3.1"))), // for servers
        extension("2.5.29.14", "optional", writeDer(TAG.octetString, await keyIdentifier(signer.publicKey))),
        extension("2.5.29.17", "optional", sequence(writeAlternativeName(host))),
      ),
    ),
  );
}

function writeName(commonName: string): Bytes {
  const text = writeDer(TAG.utf8String, new TextEncoder().encode(commonName));
  return sequence(writeDer(TAG.set, sequence(writeOid("2.5.4.3"), text)));
}

/** A certificate for an address has no DNS name: Telegram would compare that instead of the common name. */
function writeAlternativeName({ name, kind }: CertificateHost): Bytes {
  if (kind === "ipv4") return writeDer(contextTag(7, "primitive"), Uint8Array.from(name.split("."), Number));
  return writeDer(contextTag(2, "primitive"), new TextEncoder().encode(name));
}

function extension(oid: string, weight: "critical" | "optional", value: Bytes): Bytes {
  const critical = weight === "critical" ? writeDer(TAG.boolean, Uint8Array.of(0xff)) : new Uint8Array();
  return sequence(writeOid(oid), critical, writeDer(TAG.octetString, value));
}

/** RFC 5280, 4.1.2.5: two digits for years up to 2049, four from then on. */
function writeTime(date: Date): Bytes {
  const digits = date.toISOString().replace(/\.\d+|[-:T]/g, "");
  const [tag, text] = date.getUTCFullYear() < 2050
    ? [TAG.utcTime, digits.slice(2)]
    : [TAG.generalizedTime, digits];
  return writeDer(tag, new TextEncoder().encode(text));
}

/** RFC 5280, 4.2.1.2: SHA-1 of the public key without its algorithm. */
async function keyIdentifier(publicKey: Bytes): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.digest("SHA-1", readBits(readAll(readDer(publicKey))[1])));
}

function sequence(...contents: Bytes[]): Bytes {
  return writeDer(TAG.sequence, ...contents);
}

function optionError(message: string): TelehookError {
  return new TelehookError("ERR_OPTION", message);
}
