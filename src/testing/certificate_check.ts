import { rootCertificates, type TLSSocket } from "node:tls";
import { Certificate } from "../tls/certificate.ts";
import { readPem } from "../tls/pem.ts";
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

/** Reads the certificates of a PEM file, or throws if there is none. */
export function readCertificates(pem: string): Certificate[] {
  const blocks = readPem(pem).filter(({ label }) => label === "CERTIFICATE");
  if (blocks.length === 0) throw new Error("no certificate");
  return blocks.map(({ bytes }) => new Certificate(bytes));
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
  return isTrusted && isFor(leaf, host, trust.uploaded !== undefined) ? undefined : REFUSED;
}

/** Whether a certificate names a host. */
export function isFor(certificate: Certificate, host: string, hasUploaded: boolean): boolean {
  const address = addressOf(host);
  if (address && !hasUploaded) return certificate.addresses.includes(address);
  // With an uploaded certificate an address is compared as if it were a name: IP entries do not count, and the
  // common name counts only where no DNS entry stands beside it.
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
  if (depth === 0 || !certificate.isValidNow) return false;
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
