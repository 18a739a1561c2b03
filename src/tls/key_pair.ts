import { TelehookError } from "../errors/telehook_error.ts";
import { Certificate, readPrivateKey } from "./certificate.ts";
import type { PrivateKey } from "./node_crypto.ts";
import { readPem, writePem } from "./pem.ts";
import { requirePair, requireText } from "./pem_hints.ts";
import { decryptPemKey } from "./pem_key.ts";
import { Unreadable } from "./unreadable.ts";

/** The certificate and the private key of a TLS server, in PEM text. */
export interface KeyPair {
  /** The certificate, followed by those of the authorities up to a root, each after the one that it issued. */
  cert: string;
  /** The certificate's private key, not encrypted. */
  key: string;
}

/** A certificate and a private key that may be encrypted. */
export interface EncryptedKeyPair extends KeyPair {
  /** The passphrase of `key`, if it is encrypted. */
  passphrase?: string | undefined;
}

/** The names of the two texts in messages. */
export interface KeyPairNames {
  /** Such as the file that the certificates come from. Default: `"cert"`. */
  cert?: string | undefined;
  /** Such as the file that the key comes from. Default: `"key"`. */
  key?: string | undefined;
}

const CERTIFICATE_LABELS = new Set(["CERTIFICATE", "X509 CERTIFICATE"]);
/** Node serves a key of another kind or curve, such as that of DSA, and then every handshake fails. */
const KINDS = new Set(["rsa", "rsa-pss", "ec", "ed25519", "ed448"]);
const CURVES = new Set(["prime256v1", "secp384r1", "secp521r1"]);
const KEY_LABELS = new Set(["PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY"]);

/**
 * Checks a certificate and its private key, so that a mistake is an error at the start and not a failed handshake that
 * only Telegram sees. It finds: text that is not PEM, a key that belongs to another certificate, a chain in the wrong
 * order, a certificate that has expired or is not valid yet, an encrypted key without its passphrase, a kind of key that
 * no client takes, a certificate that is not for servers or does not permit its key what a handshake needs, and on Deno a
 * certificate of X.509 version 1, which Deno does not accept.
 *
 * It does not check whether Telegram trusts the authority, whether the signatures of the chain are right, or which
 * names the certificate is for.
 *
 * @param pair The certificates and the key, with its passphrase if it has one.
 * @param names The names of the two texts in messages, such as their files. Default: `cert` and `key`.
 * @returns The same certificates and key, without other text around them, the key decrypted: what the server of every
 * runtime accepts.
 * @throws {TelehookError} `ERR_TLS`: there is a mistake; the message says in which text and what to do. `ERR_OPTION`:
 * the passphrase that is needed is not text. `ERR_RUNTIME`: this runtime does not have `node:crypto`.
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
  const chain = reading("certificate", certName, () => readChain(pair.cert));
  const privateKey = reading("private key", keyName, () => readKey(key));
  checkMatch(privateKey, chain, certName, keyName);
  checkVersion(chain[0], certName);
  checkUsage(chain[0], privateKey, certName);
  checkOrder(chain, certName);
  chain.forEach((certificate) => checkValidity(certificate, chain, certName));
  return { cert: chain.map(({ bytes }) => writePem("CERTIFICATE", bytes)).join(""), key };
}

function reading<T>(what: string, name: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error;
    throw tlsError(`The ${what} in "${name}" cannot be read: ${error.message}`);
  }
}

function readChain(text: string): [Certificate, ...Certificate[]] {
  const blocks = readPem(text);
  const certificates = blocks.filter(({ label }) => CERTIFICATE_LABELS.has(label));
  const [first, ...rest] = certificates.map(({ bytes }) => new Certificate(bytes));
  if (first !== undefined) return [first, ...rest];
  const found = blocks.map(({ label }) => `"${label}"`).join(", ");
  throw new Unreadable("damaged", `it has only ${found}`);
}

function readKey(text: string): PrivateKey {
  const [{ label }] = readPem(text);
  if (!KEY_LABELS.has(label)) {
    throw new Unreadable("unsupported", `it is an "${label}": convert it to PKCS#8`);
  }
  const key = readPrivateKey(text);
  const { asymmetricKeyType: kind = "", asymmetricKeyDetails: { namedCurve: curve } = {} } = key;
  if (KINDS.has(kind) && (curve === undefined || CURVES.has(curve))) return key;
  const what = curve === undefined ? `the kind "${kind}"` : `the curve "${curve}"`;
  throw new Unreadable(
    "unsupported",
    `it is of ${what}, which no client takes: use RSA of at least 2048 bits, ECDSA P-256 or Ed25519`,
  );
}

function checkMatch(
  key: PrivateKey,
  [leaf, ...rest]: [Certificate, ...Certificate[]],
  certName: string,
  keyName: string,
): void {
  if (leaf.isOf(key)) return;
  const owner = rest.find((certificate) => certificate.isOf(key));
  throw tlsError(
    owner === undefined
      ? `The private key in "${keyName}" does not belong to the certificate in "${certName}", "${leaf.name}": ` +
        "use the key that the certificate was requested with"
      : `The chain in "${certName}" is in the wrong order: put "${owner.name}", the key's certificate, first`,
  );
}

/** Node and Bun serve such a certificate, and clients accept it. Deno blames the kind of key. */
function checkVersion({ isVersion1, name }: Certificate, certName: string): void {
  if (!isVersion1 || !("Deno" in globalThis)) return;
  throw tlsError(
    `The certificate "${name}" in "${certName}" is of X.509 version 1, which Deno does not accept: make one of version ` +
      "3 with selfSigned() or `telehook cert`, or give `openssl x509 -req` extensions with `-extfile`, such as " +
      `"subjectAltName=DNS:${name}"`,
  );
}

/**
 * Every client that verifies certificates refuses a server with such a one. Some, most of TLS 1.2, also if they verify
 * nothing; and Bun does not serve it if the key is not of RSA, and blames the kind of key.
 */
function checkUsage(certificate: Certificate, key: PrivateKey, certName: string): void {
  const { name, maySign, mayEncipher, isForServers } = certificate;
  const which = `The certificate "${name}" in "${certName}"`;
  if (!isForServers) {
    throw tlsError(
      `${which} is not for servers, and clients refuse it: make one whose extended key usage includes "serverAuth", or one ` +
        "without that extension",
    );
  }
  // With RSA, a key that may only encipher is of use too.
  if (maySign || (key.asymmetricKeyType === "rsa" && mayEncipher)) return;
  throw tlsError(
    `${which} does not permit its key to sign, which every handshake needs: make one ` +
      'whose key usage includes "digitalSignature", or one without that extension',
  );
}

/**
 * Each certificate must have issued some earlier one. So chains that branch and meet again, as with cross-signing, are
 * accepted.
 */
function checkOrder(chain: Certificate[], name: string): void {
  for (const [index, certificate] of chain.entries()) {
    const issued = (subject: Certificate) => subject !== certificate && subject.isIssuedBy(certificate);
    if (index === 0 || chain.slice(0, index).some(issued)) continue;
    const which = `"${certificate.name}" (number ${index + 1})`;
    throw tlsError(
      chain.some(issued)
        ? `The chain in "${name}" is in the wrong order: put ${which} after the certificate that it issued`
        : `The chain in "${name}" has a certificate that issued none of the others: remove ${which}`,
    );
  }
}

function checkValidity(certificate: Certificate, chain: Certificate[], name: string): void {
  if (certificate.isValidNow) return;
  const { notBefore, notAfter } = certificate;
  const now = new Date();
  const which = `The certificate "${certificate.name}" in "${name}"`;
  if (notAfter < now) {
    const hasSuccessor = chain.some((other) => other.hasSubjectOf(certificate) && other.isValidNow);
    const advice = hasSuccessor ? "remove it, since another one of that name is valid" : "renew it";
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
