import { Buffer } from "node:buffer";
import { X509Certificate } from "node:crypto";
import { rootCertificates, type TLSSocket } from "node:tls";
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
 * Reads the certificates out of a PEM file, also those that OpenSSL writes with `-trustout`.
 *
 * @throws {Error} if there is none, or one cannot be read.
 */
export function readCertificates(pem: string): X509Certificate[] {
  const blocks = [
    ...pem.matchAll(/-----BEGIN (TRUSTED )?CERTIFICATE-----([^-]+)-----END \1?CERTIFICATE-----/g),
  ];
  if (blocks.length === 0) throw new Error("no certificate");
  return blocks.map(([, , base64 = ""]) => new X509Certificate(firstDerValue(Buffer.from(base64, "base64"))));
}

/** A trusted certificate has settings of OpenSSL's behind it. */
function firstDerValue(bytes: Buffer): Buffer {
  const length = bytes[1] ?? 0;
  if (length < 0x80) return bytes.subarray(0, 2 + length);
  const lengthBytes = length & 0x7f;
  return bytes.subarray(0, 2 + lengthBytes + bytes.readUIntBE(2, lengthBytes));
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
function isForServers({ raw }: X509Certificate): boolean {
  const der = Buffer.from(raw);
  return !der.includes(EXTENDED_KEY_USAGE) || der.includes(SERVER_AUTH);
}

/** Whether a key is long enough for OpenSSL's default security level. */
function isStrong({ publicKey }: X509Certificate): boolean {
  const { asymmetricKeyType, asymmetricKeyDetails } = publicKey;
  return asymmetricKeyType !== "rsa" || (asymmetricKeyDetails?.modulusLength ?? 0) >= 2048;
}

/** Whether a certificate names a host. */
export function isFor(certificate: X509Certificate, host: string, hasUploaded: boolean): boolean {
  const address = addressOf(host);
  if (address && !hasUploaded) return alternativeNames(certificate).includes(`IP Address:${address}`);
  // With an uploaded certificate an address is compared as if it were a name: IP entries do not count, and the
  // common name counts only where no DNS entry stands beside it.
  const wanted = address ?? host;
  const dnsNames = dnsNamesOf(certificate);
  const candidates = dnsNames.length > 0 ? dnsNames : commonNames(certificate);
  return candidates.some((name) => matches(name.toLowerCase(), wanted.toLowerCase()));
}

/** The names of hosts beside the common name. */
export function dnsNamesOf(certificate: X509Certificate): string[] {
  return alternativeNames(certificate).filter((name) => name.startsWith("DNS:")).map((name) => name.slice(4));
}

function alternativeNames({ subjectAltName = "" }: X509Certificate): string[] {
  return subjectAltName.split(/,\s*/).map((name) => name.trim());
}

function presentedChain(socket: TLSSocket): X509Certificate[] {
  const chain: X509Certificate[] = [];
  let peer = socket.getPeerCertificate(true);
  while (peer?.raw) {
    const certificate = new X509Certificate(peer.raw);
    if (chain.some(({ fingerprint256 }) => fingerprint256 === certificate.fingerprint256)) break;
    chain.push(certificate);
    peer = peer.issuerCertificate;
  }
  return chain;
}

function leadsToAnchor(
  certificate: X509Certificate,
  others: X509Certificate[],
  anchors: readonly X509Certificate[],
  depth: number,
): boolean {
  if (depth === 0 || !isValidNow(certificate) || !isStrong(certificate)) return false;
  const isSelfSigned = isSignedBy(certificate, certificate);
  if (isSelfSigned) {
    return anchors.some(({ fingerprint256 }) => fingerprint256 === certificate.fingerprint256);
  }
  // A chain has to end in a self-signed certificate: a leaf that was uploaded without its issuer leads nowhere.
  return [...anchors, ...others].some((issuer) =>
    issuer.ca && isSignedBy(certificate, issuer) && leadsToAnchor(issuer, others, anchors, depth - 1)
  );
}

function isSignedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  try {
    return certificate.issuer === issuer.subject && certificate.verify(issuer.publicKey);
  } catch {
    return false;
  }
}

function isValidNow({ validFrom, validTo }: X509Certificate): boolean {
  const now = Date.now();
  return Date.parse(validFrom) <= now && now <= Date.parse(validTo);
}

export function commonNames({ subject }: X509Certificate): string[] {
  return subject.split("\n").filter((line) => line.startsWith("CN=")).map((line) => line.slice(3));
}

function matches(pattern: string, host: string): boolean {
  if (!pattern.startsWith("*.")) return pattern === host;
  const dot = host.indexOf(".");
  return dot > 0 && pattern.slice(1) === host.slice(dot) && pattern.split(".").length > 2;
}

let publicRoots: X509Certificate[] | undefined;

function publicAuthorities(): X509Certificate[] {
  return publicRoots ??= rootCertificates.map((pem) => new X509Certificate(pem));
}
