import { type Bytes, concat, readAll, readDer, readOctets, readOid, sameBytes } from "./der.ts";
import type { Keystore, KeystoreEntry } from "./keystore.ts";
import { utf16 } from "./key_derivation.ts";
import { digest as hash } from "./node_crypto.ts";
import { schemeName } from "./schemes.ts";
import { Unreadable } from "./unreadable.ts";

const MAGIC = 0xfeedfeed;
const JCEKS_MAGIC = 0xcececece;
const DIGEST_LENGTH = 20;
const SUN_KEY_PROTECTOR = "1.3.6.1.4.1.42.2.17.1.1";

/** Whether the bytes start as a Java keystore does, of the common kind (JKS) or its cousin (JCEKS). */
export function isJks(bytes: Bytes): boolean {
  const magic = bytes.length < 4 ? 0 : new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
  return magic === MAGIC || magic === JCEKS_MAGIC;
}

/**
 * Reads a Java keystore (JKS): entries one after another, then a SHA-1 digest over the password and all of
 * them. No runtime reads this format, and Java's own source, `sun.security.provider.JavaKeyStore`, is its only
 * specification.
 */
export function readJks(bytes: Bytes, password: string): Keystore {
  const reader = new JavaReader(bytes.subarray(0, -DIGEST_LENGTH));
  if (reader.uint32() === JCEKS_MAGIC) throw new Unreadable("unsupported", "the format JCEKS");
  const version = reader.uint32();
  if (version !== 1 && version !== 2) {
    throw new Unreadable("unsupported", `version ${version} of the format JKS`);
  }

  const entries: KeystoreEntry[] = [];
  const certificateAliases: string[] = [];
  for (let left = reader.uint32(); left > 0; left--) {
    const kind = reader.uint32();
    const alias = reader.text();
    reader.bytes(8); // when it was made
    if (kind === 1) {
      const encrypted = reader.bytes(reader.uint32());
      const chain: Bytes[] = [];
      for (let missing = reader.uint32(); missing > 0; missing--) {
        chain.push(readCertificate(reader, version));
      }
      entries.push({ alias, open: (password) => ({ key: unprotect(encrypted, password), chain }) });
    } else if (kind === 2) {
      readCertificate(reader, version);
      certificateAliases.push(alias);
    } else {
      throw new Unreadable("damaged", `an entry is of kind ${kind}`);
    }
  }
  if (!reader.atEnd) throw new Unreadable("damaged", "there is something after the last entry");
  verify(bytes, password);
  return { entries, certificateAliases };
}

function verify(bytes: Bytes, password: string): void {
  const salt = new TextEncoder().encode("Mighty Aphrodite");
  const digest = hash("sha1", concat(passwordBytes(password), salt, bytes.subarray(0, -DIGEST_LENGTH)));
  if (!sameBytes(digest, bytes.subarray(-DIGEST_LENGTH))) {
    throw new Unreadable("password", "the digest differs");
  }
}

/** Version 1 of the format knows X.509 alone and so does not name the kind of certificate. */
function readCertificate(reader: JavaReader, version: number): Bytes {
  if (version === 2) {
    const kind = reader.text();
    if (kind !== "X.509") throw new Unreadable("unsupported", `a certificate of the kind "${kind}"`);
  }
  return reader.bytes(reader.uint32());
}

/** Undoes Sun's key protector: a key stream of SHA-1 digests, each of the password and the previous digest. */
function unprotect(encrypted: Bytes, password: string): Bytes {
  const [algorithm, value] = readAll(readDer(encrypted));
  const oid = readOid(readAll(algorithm)[0]);
  if (oid !== SUN_KEY_PROTECTOR) throw new Unreadable("unsupported", schemeName(oid));
  const content = readOctets(value);
  if (content.length <= 2 * DIGEST_LENGTH) throw new Unreadable("damaged", "an encrypted key is too short");

  const secret = passwordBytes(password);
  let digest: Uint8Array = content.subarray(0, DIGEST_LENGTH);
  const key = content.slice(DIGEST_LENGTH, -DIGEST_LENGTH);
  for (let index = 0; index < key.length; index++) {
    if (index % DIGEST_LENGTH === 0) digest = hash("sha1", concat(secret, digest));
    key[index] = (key[index] ?? 0) ^ (digest[index % DIGEST_LENGTH] ?? 0);
  }
  if (!sameBytes(hash("sha1", concat(secret, key)), content.subarray(-DIGEST_LENGTH))) {
    throw new Unreadable("password", "the digest differs");
  }
  return key;
}

function passwordBytes(password: string): Bytes {
  return utf16(password).subarray(0, -2);
}

/** Reads what Java's `DataOutputStream` writes. */
class JavaReader {
  readonly #bytes: Bytes;
  readonly #view: DataView;
  #offset = 0;

  constructor(bytes: Bytes) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  get atEnd(): boolean {
    return this.#offset === this.#bytes.length;
  }

  bytes(length: number): Bytes {
    const start = this.#offset;
    if (length > this.#bytes.length - start) throw new Unreadable("damaged", "the end comes too early");
    this.#offset = start + length;
    return this.#bytes.subarray(start, this.#offset);
  }

  uint32(): number {
    this.bytes(4);
    return this.#view.getUint32(this.#offset - 4);
  }

  /** Text in Java's own UTF-8, which encodes each half of a surrogate pair separately. */
  text(): string {
    this.bytes(2);
    const bytes = this.bytes(this.#view.getUint16(this.#offset - 2));
    let text = "";
    for (let index = 0; index < bytes.length;) {
      const [first = 0, second = 0, third = 0] = bytes.subarray(index, index + 3);
      const length = first < 0x80 ? 1 : first < 0xe0 ? 2 : 3;
      if (length === 1) text += String.fromCharCode(first);
      else if (length === 2) text += String.fromCharCode((first & 0x1f) << 6 | second & 0x3f);
      else text += String.fromCharCode((first & 0x0f) << 12 | (second & 0x3f) << 6 | third & 0x3f);
      index += length;
    }
    return text;
  }
}
