import { Buffer } from "node:buffer";
import { X509Certificate } from "node:crypto";
import { rootCertificates, type TLSSocket } from "node:tls";
import { Certificate } from "../tls/certificate.ts";
import { type PemBlock, readPem } from "../tls/pem.ts";
import { sslError } from "./socket_error.ts";
import { addressOf } from "./webhook_url.ts";

/** What the certificate of a webhook is held against. */
export interface Trust {
  /** The certificate that setWebhook uploaded, as PEM; then nothing else is trusted. */
  uploaded?: string;
  /** Authorities to trust besides the public ones when nothing was uploaded, as PEM. */
  authorities?: string;
}

const REFUSED = sslError("0A000086", "certificate verify failed");

/**
 * Reads the certificates of a PEM file, also those that OpenSSL writes with `-trustout`.
 *
 * @throws {Error} if there is none, or one cannot be read.
 */
export function readCertificates(pem: string): Certificate[] {
  const blocks = readPem(pem).filter(({ label }) => /^(TRUSTED )?CERTIFICATE$/.test(label));
  if (blocks.length === 0) throw new Error("no certificate");
  return blocks.map(({ bytes }) => new Certificate(firstDerValue(bytes)));
}

/** A trusted certificate has settings of OpenSSL's behind it. */
function firstDerValue(bytes: PemBlock["bytes"]): PemBlock["bytes"] {
  const length = bytes[1] ?? 0;
  if (length < 0x80) return new Uint8Array(bytes.subarray(0, 2 + length));
  const lengthBytes = length & 0x7f;
  const end = 2 + lengthBytes + Buffer.from(bytes).readUIntBE(2, lengthBytes);
  return new Uint8Array(bytes.subarray(0, end));
}

/**
 * Checks the certificate that a webhook presented, by the rules of Telegram's server.
 *
 * @param host The host of the webhook's URL.
 * @returns What is wrong, in the words of `getWebhookInfo`, or nothing.
 */
export function checkCertificate(socket: TLSSocket, host: string, trust: Trust): string | undefined {
  const chain = presentedChain(socket);
  const leaf = chain[0];
  if (!leaf) return REFUSED;
  const anchors = trust.uploaded !== undefined
    ? readCertificates(trust.uploaded)
    : [...trust.authorities ? readCertificates(trust.authorities) : [], ...publicAuthorities()];
  const isTrusted = leadsToAnchor(leaf, chain.slice(1), anchors, 10);
  const isUsable = isForServers(leaf) && isFor(leaf, host, trust.uploaded !== undefined);
  return isTrusted && isUsable ? undefined : REFUSED;
}

/** The object identifiers of `extendedKeyUsage` and of its value `serverAuth`, as DER. */
const EXTENDED_KEY_USAGE = Buffer.from([0x06, 0x03, 0x55, 0x1d, 0x25]);
const SERVER_AUTH = Buffer.from([0x06, 0x08, 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x01]);

/** Whether a certificate is meant for servers, as one is that does not say what for. (Deno has no `keyUsage`.) */
function isForServers({ bytes }: Certificate): boolean {
  const der = Buffer.from(bytes);
  return !der.includes(EXTENDED_KEY_USAGE) || der.includes(SERVER_AUTH);
}

/** Whether a key is long enough for OpenSSL's default security level. */
function isStrong({ bytes }: Certificate): boolean {
  const { asymmetricKeyType, asymmetricKeyDetails } = new X509Certificate(bytes).publicKey;
  return asymmetricKeyType !== "rsa" || (asymmetricKeyDetails?.modulusLength ?? 0) >= 2048;
}

/** Whether a certificate names a host. */
export function isFor(certificate: Certificate, host: string, hasUploaded: boolean): boolean {
  const address = addressOf(host);
  if (address && !hasUploaded) return certificate.addresses.includes(address);
  // With an uploaded certificate an address is compared as if it were a name: IP entries do not count, and the
  // common name counts only if there is no DNS entry.
  const wanted = address ?? host;
  const { dnsNames, commonNames } = certificate;
  const candidates = dnsNames.length > 0 ? dnsNames : commonNames;
  return candidates.some((name) => matches(name.toLowerCase(), wanted.toLowerCase()));
}

function presentedChain(socket: TLSSocket): Certificate[] {
  const chain: Certificate[] = [];
  let peer = socket.getPeerCertificate(true);
  while (peer?.raw) {
    const certificate = new Certificate(new Uint8Array(peer.raw));
    if (chain.some((other) => other.equals(certificate))) break;
    chain.push(certificate);
    peer = peer.issuerCertificate;
  }
  return chain;
}

function leadsToAnchor(
  certificate: Certificate,
  others: Certificate[],
  anchors: readonly Certificate[],
  depth: number,
): boolean {
  if (depth === 0 || !certificate.isValidNow || !isStrong(certificate)) return false;
  const isSelfSigned = certificate.isSelfIssued && certificate.isSignedBy(certificate);
  if (isSelfSigned) return anchors.some((anchor) => anchor.equals(certificate));
  // A chain has to end in a self-signed certificate: a leaf that was uploaded without its issuer leads nowhere.
  return [...anchors, ...others].some((issuer) =>
    issuer.isAuthority && certificate.isSignedBy(issuer) && leadsToAnchor(issuer, others, anchors, depth - 1)
  );
}

function matches(pattern: string, host: string): boolean {
  if (!pattern.startsWith("*.")) return pattern === host;
  const dot = host.indexOf(".");
  return dot > 0 && pattern.slice(1) === host.slice(dot) && pattern.split(".").length > 2;
}

let publicRoots: Certificate[] | undefined;

function publicAuthorities(): Certificate[] {
  return publicRoots ??= rootCertificates.flatMap(readCertificates);
}
