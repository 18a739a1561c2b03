import {
  type Bytes,
  contextTag,
  type Der,
  expectTag,
  readAll,
  readDer,
  readOctets,
  readOid,
  sameBytes,
  TAG,
} from "./der.ts";
import { plainText } from "../text/plain_text.ts";
import { nodeCrypto, type PrivateKey, type X509Certificate } from "./node_crypto.ts";
import { Unreadable } from "./unreadable.ts";

/**
 * An X.509 certificate (RFC 5280). The runtime's `node:crypto` reads it; this class gives its answers the form that
 * the rest of telehook needs, the same on every runtime.
 */
export class Certificate {
  /** The certificate in DER. */
  readonly bytes: Bytes;
  /**
   * Whether it is of version 1, which has no extensions. `openssl x509 -req` makes such certificates unless it is
   * given extensions. Deno does not accept them.
   */
  readonly isVersion1: boolean;
  /** Whether its key may sign, as a TLS server must with any key but that of RSA: its key usage, if it has one, says so. */
  readonly maySign: boolean;
  /** Whether its key may encipher or agree on keys, which clients take from an RSA key too. */
  readonly mayEncipher: boolean;
  /** Whether its extended key usage, if it has one, names TLS servers. */
  readonly isForServers: boolean;
  /** The common names of its subject. */
  readonly commonNames: readonly string[];
  /** The host names in its extension for alternative names, which may be wildcards. */
  readonly dnsNames: readonly string[];
  /** The IP addresses in its extension for alternative names. */
  readonly addresses: readonly string[];
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** Whether it may sign other certificates. */
  readonly isAuthority: boolean;
  /** Whether it names itself as its issuer: no authority has signed it. */
  readonly isSelfIssued: boolean;
  readonly #subject: string;
  readonly #x509: X509Certificate;

  /**
   * Reads a certificate in DER.
   *
   * @throws {Unreadable}
   */
  constructor(bytes: Bytes) {
    const [signed] = readAll(readDer(bytes));
    const facts = readAll(signed);
    this.bytes = bytes;
    this.isVersion1 = facts[0]?.tag !== contextTag(0); // [0] is the version, left out for version 1
    const usage = keyUsage(facts);
    this.maySign = (usage & KEY_USAGE.digitalSignature) !== 0;
    this.mayEncipher = (usage & (KEY_USAGE.keyEncipherment | KEY_USAGE.keyAgreement)) !== 0;
    this.isForServers = hasServerUsage(facts);
    const { X509Certificate } = nodeCrypto();
    try {
      // All at once: Deno finds some damage only when a property is read.
      const x509 = new X509Certificate(bytes);
      const { subject = "", issuer = "", subjectAltName = "", validFrom, validTo, ca } = x509;
      this.commonNames = subject.split("\n").filter((line) => line.startsWith("CN=")).map(unescapedValue);
      const names = subjectAltName.split(/,\s*/);
      const ofKind = (kind: string) =>
        names.filter((name) => name.startsWith(kind)).map((name) => name.slice(kind.length));
      this.dnsNames = ofKind("DNS:");
      this.addresses = ofKind("IP Address:");
      this.notBefore = new Date(validFrom);
      this.notAfter = new Date(validTo);
      this.isAuthority = ca;
      this.isSelfIssued = issuer === subject;
      this.#subject = subject;
      this.#x509 = x509;
    } catch {
      throw new Unreadable("damaged", "it is not an X.509 certificate");
    }
    if (Number.isNaN(this.notBefore.getTime()) || Number.isNaN(this.notAfter.getTime())) {
      throw new Unreadable("damaged", "a time is malformed");
    }
  }

  /** The first common name, for messages. */
  get name(): string {
    return plainText(this.commonNames[0] ?? "without a common name");
  }

  /** Whether it has begun and has not expired. */
  get isValidNow(): boolean {
    const now = new Date();
    return this.notBefore <= now && now <= this.notAfter;
  }

  /** Whether both are the same certificate. */
  equals(other: Certificate): boolean {
    return sameBytes(this.bytes, other.bytes);
  }

  /** Whether both have the same subject, as a certificate and its renewal do. */
  hasSubjectOf(other: Certificate): boolean {
    return this.#subject === other.#subject;
  }

  /** Whether the other is the certificate of its issuer, by name and key identifier, or by its signature. */
  isIssuedBy(issuer: Certificate): boolean {
    // Some authorities write their name in two ways, as subject and as issuer, which Deno does not take for equal.
    return isTrue(() => this.#x509.checkIssued(issuer.#x509)) || this.isSignedBy(issuer);
  }

  /** Whether the other's key made its signature. */
  isSignedBy(issuer: Certificate): boolean {
    return isTrue(() => this.#x509.verify(issuer.#x509.publicKey));
  }

  /** Whether it is the certificate of this private key. */
  isOf(key: PrivateKey): boolean {
    return isTrue(() => this.#x509.checkPrivateKey(key));
  }
}

/** The first byte of a key usage (RFC 5280, 4.2.1.3). */
const KEY_USAGE = { digitalSignature: 0x80, keyEncipherment: 0x20, keyAgreement: 0x08 };

/** The extended key usages of a server, and of anything. */
const SERVER_USAGES = ["1.3.6.1.5.5.7.3.1", "2.5.29.37.0"];

/** What a key may do: everything if its certificate does not say. `node:crypto` does not tell. */
function keyUsage(facts: readonly Der[]): number {
  const bits = extension(facts, "2.5.29.15");
  // Behind the number of unused bits.
  return bits === undefined ? 0xff : expectTag(bits, TAG.bitString).content[1] ?? 0;
}

function hasServerUsage(facts: readonly Der[]): boolean {
  const usages = extension(facts, "2.5.29.37");
  return usages === undefined || readAll(usages).some((usage) => SERVER_USAGES.includes(readOid(usage)));
}

function extension(facts: readonly Der[], wanted: string): Der | undefined {
  const all = facts.find(({ tag }) => tag === contextTag(3));
  if (all === undefined) return undefined;
  for (const each of readAll(readAll(all, contextTag(3))[0])) {
    const [oid, ...rest] = readAll(each);
    if (readOid(oid) === wanted) return readDer(readOctets(rest.at(-1)));
  }
  return undefined;
}

/** The answer of `node:crypto`, which throws for kinds of key that it does not know: then the answer is no. */
function isTrue(check: () => boolean): boolean {
  try {
    return check();
  } catch {
    return false;
  }
}

/** The value of `CN=…`. OpenSSL writes a backslash before a comma and the like, as in RFC 2253. */
function unescapedValue(line: string): string {
  return line.slice(line.indexOf("=") + 1).replace(/\\(.)/g, "$1");
}

/**
 * Reads a private key, to compare certificates with.
 *
 * @param pem PKCS#8, PKCS#1 or SEC 1, not encrypted.
 * @throws {Unreadable} Without the runtime's own message, which might quote the key.
 */
export function readPrivateKey(pem: string): PrivateKey {
  const { createPrivateKey } = nodeCrypto();
  try {
    return createPrivateKey(pem);
  } catch {
    throw new Unreadable(
      "damaged",
      "it is damaged, or of a kind that this runtime does not support: use RSA of at least 2048 bits, ECDSA P-256 or " +
        "Ed25519",
    );
  }
}

/**
 * Returns the certificate, then the one that issued it, and so on, as far as the given ones lead. If there are several
 * issuers, as with cross-signing, it takes one that is valid now.
 */
export function buildChain(leaf: Certificate, certificates: readonly Certificate[]): Certificate[] {
  const chain = [leaf];
  const rest = new Set(certificates);
  for (let last: Certificate | undefined = leaf; last !== undefined;) {
    rest.delete(last);
    const subject: Certificate = last;
    if (subject.isSelfIssued) break;
    const issuers = [...rest].filter((issuer) => subject.isIssuedBy(issuer));
    last = issuers.find((issuer) => issuer.isValidNow) ?? issuers[0];
    if (last !== undefined) chain.push(last);
  }
  return chain;
}
