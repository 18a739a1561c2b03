import { TelehookError } from "../errors/telehook_error.ts";
import { type Certificate, isIssuedBy, isValidNow, readCertificate } from "./certificate.ts";
import { sameBytes } from "./der.ts";
import { keyMatches } from "./key_match.ts";
import { requirePair, requireText } from "./not_pem.ts";
import { readPem, writePem } from "./pem.ts";
import { decryptPemKey } from "./pem_key.ts";
import { type PrivateKey, readPrivateKey } from "./private_key.ts";
import { Unreadable } from "./unreadable.ts";

/** What a TLS server shows and proves its name with, in PEM text. */
export interface KeyPair {
  /** The certificate, followed by those of the authorities up to a root, each after the one it issued. */
  cert: string;
  /** The certificate's private key, not encrypted. */
  key: string;
}

/** What a `KeyPair` may look like before it is checked. */
export interface EncryptedKeyPair extends KeyPair {
  /** What `key` is encrypted with, if it is. */
  passphrase?: string | undefined;
}

/** What to call the two texts in messages. */
export interface KeyPairNames {
  /** Such as the file that the certificates come from. Default: `"cert"`. */
  cert?: string | undefined;
  /** Such as the file that the key comes from. Default: `"key"`. */
  key?: string | undefined;
}

const CERTIFICATE_LABELS = new Set(["CERTIFICATE", "X509 CERTIFICATE"]);

/**
 * Finds the mistakes that would otherwise show at the first handshake, in a log of Telegram's that no one can
 * read: text that is not PEM, a key that belongs to another certificate, a chain in the wrong order, a
 * certificate that has expired or is not valid yet, an encrypted key without its passphrase.
 *
 * Not checked: whether the authority is one that Telegram trusts, whether the signatures of the chain are
 * right, and for which names the certificate is. Keys of other kinds than RSA, ECDSA (P-256, P-384, P-521)
 * and Ed25519 are not compared with the certificate.
 *
 * @param pair The certificates and the key, with its passphrase if it has one.
 * @param names What to call the two in messages.
 * @returns The same certificates and key, the key decrypted, without whatever else the texts hold: what every
 * runtime's server takes.
 * @throws {TelehookError} `ERR_TLS`: there is a mistake; the message says in which text and what to do. `ERR_OPTION`:
 * the passphrase that is needed is not text.
 *
 * @example
 * ```ts
 * import { checkKeyPair } from "@telehook/telehook/tls";
 *
 * export function check(cert: string, key: string, passphrase: string) {
 *   return checkKeyPair({ cert, key, passphrase }, { cert: "fullchain.pem", key: "privkey.pem" });
 * }
 * ```
 *
 * @see https://www.rfc-editor.org/rfc/rfc8446#section-4.4.2
 */
export async function checkKeyPair(pair: EncryptedKeyPair, names: KeyPairNames = {}): Promise<KeyPair> {
  const { cert: certName = "cert", key: keyName = "key" } = names;
  requirePair(pair);
  requireText(pair.cert, certName);
  requireText(pair.key, keyName);
  const key = await decryptPemKey(pair.key, pair.passphrase, keyName);
  const chain = await reading("certificate", certName, () => readChain(pair.cert));
  await checkMatch(key, chain, certName, keyName);
  checkOrder(chain, certName);
  chain.forEach((certificate) => checkValidity(certificate, chain, certName));
  return { cert: chain.map(({ bytes }) => writePem("CERTIFICATE", bytes)).join(""), key };
}

async function reading<T>(what: string, name: string, read: () => T | Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error;
    throw tlsError(`The ${what} in "${name}" cannot be read: ${error.message}`);
  }
}

function readChain(text: string): [Certificate, ...Certificate[]] {
  const blocks = readPem(text);
  const certificates = blocks.filter(({ label }) => CERTIFICATE_LABELS.has(label));
  const [first, ...rest] = certificates.map(({ bytes }) => readCertificate(bytes));
  if (first !== undefined) return [first, ...rest];
  const found = blocks.map(({ label }) => `"${label}"`).join(", ");
  throw new Unreadable("damaged", `it has only ${found}`);
}

async function checkMatch(
  key: string,
  [leaf, ...rest]: [Certificate, ...Certificate[]],
  certName: string,
  keyName: string,
): Promise<void> {
  const privateKey = await reading("private key", keyName, () => readKey(key));
  const matches = (certificate: Certificate) =>
    reading("pair", keyName, () => keyMatches(privateKey, certificate));
  if (await matches(leaf) !== false) return;
  for (const certificate of rest) {
    if (await matches(certificate) !== true) continue;
    const name = certificate.name;
    throw tlsError(
      `The chain in "${certName}" is in the wrong order: put "${name}", the key's certificate, first`,
    );
  }
  throw tlsError(
    `The private key in "${keyName}" does not belong to the certificate in "${certName}", "${leaf.name}": ` +
      "use the one that the certificate was requested with",
  );
}

function readKey(text: string): PrivateKey {
  const [block] = readPem(text);
  return readPrivateKey(block.label, block.bytes);
}

/**
 * Chains that meet again, as by cross-signing, are fine: each certificate must have issued some earlier one.
 */
function checkOrder(chain: Certificate[], name: string): void {
  for (const [index, certificate] of chain.entries()) {
    const issued = (subject: Certificate) => subject !== certificate && isIssuedBy(subject, certificate);
    if (index === 0 || chain.slice(0, index).some(issued)) continue;
    const which = `"${certificate.name}" (number ${index + 1})`;
    throw tlsError(
      chain.some(issued)
        ? `The chain in "${name}" is in the wrong order: put ${which} after the certificate that it issued`
        : `The chain in "${name}" has a certificate that issued none of the others: take ${which} out`,
    );
  }
}

function checkValidity(certificate: Certificate, chain: Certificate[], name: string): void {
  if (isValidNow(certificate)) return;
  const { notBefore, notAfter, subject } = certificate;
  const now = new Date();
  const which = `The certificate "${certificate.name}" in "${name}"`;
  if (notAfter < now) {
    const hasSuccessor = chain.some((other) =>
      sameBytes(other.subject.bytes, subject.bytes) && isValidNow(other)
    );
    const advice = hasSuccessor ? "take it out, since another one of that name is valid" : "renew it";
    throw tlsError(`${which} expired at ${notAfter.toISOString()}: ${advice}`);
  }
  throw tlsError(
    `${which} is not valid before ${notBefore.toISOString()}: check this machine's clock, ` +
      `which says ${now.toISOString()}`,
  );
}

function tlsError(message: string): TelehookError {
  return new TelehookError("ERR_TLS", message);
}
