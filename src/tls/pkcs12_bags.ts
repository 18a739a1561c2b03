import { type Bytes, contextTag, type Der, readAll, readDer, readOctets, readOid, TAG } from "./der.ts";
import type { Password } from "./key_derivation.ts";
import { decryptPbe } from "./pbe.ts";
import { schemeName } from "./schemes.ts";
import { Unreadable } from "./unreadable.ts";

const DATA = "1.2.840.113549.1.7.1";
const ENCRYPTED_DATA = "1.2.840.113549.1.7.6";
const FRIENDLY_NAME = "1.2.840.113549.1.9.20";
const LOCAL_KEY_ID = "1.2.840.113549.1.9.21";
const NESTED_BAGS = "1.2.840.113549.1.12.10.1.6";

/** Real files do not nest bags. */
const MAX_NESTING = 4;

/** One item of a PKCS#12 file (a `SafeBag` of RFC 7292, 4.2). */
export interface Bag {
  /** The object identifier of what it is: a key, an encrypted key, a certificate, … */
  readonly kind: string;
  readonly value: Der;
  readonly friendlyName: string | undefined;
  /** The same for a key and its certificate. */
  readonly localKeyId: Bytes | undefined;
}

/** Reads all bags of a PKCS#12 file's content. Decrypts the parts that are encrypted as a whole. */
export async function readBags(content: Bytes, password: Password): Promise<Bag[]> {
  const bags: Bag[] = [];
  for (const part of readAll(readDer(content))) bags.push(...readSafe(await readPart(part, password)));
  return bags;
}

/** The bytes of a `ContentInfo` (RFC 5652, 3) that are plain or encrypted under the password. */
async function readPart(part: Der, password: Password): Promise<Bytes> {
  const [oidValue, tagged] = readAll(part);
  const oid = readOid(oidValue);
  const [content] = readAll(tagged, contextTag(0));
  if (oid === DATA) return readOctets(content);
  if (oid !== ENCRYPTED_DATA) throw new Unreadable("unsupported", schemeName(oid));

  const [, encrypted] = readAll(content);
  const [, algorithm, ciphertext] = readAll(encrypted);
  return await decryptPbe(algorithm, readOctets(ciphertext, contextTag(0, "primitive")), password);
}

function readSafe(bytes: Bytes, nesting: number = 0): Bag[] {
  if (nesting > MAX_NESTING) throw new Unreadable("damaged", "bags are nested too deep");
  return readAll(readDer(bytes)).flatMap((der) => {
    const [kind, tagged, attributeSet] = readAll(der);
    const [value] = readAll(tagged, contextTag(0));
    if (value === undefined) throw new Unreadable("damaged", "a bag is empty");
    if (readOid(kind) === NESTED_BAGS) return readSafe(value.bytes, nesting + 1);
    return [{ kind: readOid(kind), value, ...readAttributes(attributeSet) }];
  });
}

function readAttributes(set: Der | undefined): Pick<Bag, "friendlyName" | "localKeyId"> {
  const values = new Map<string, Der | undefined>();
  for (const attribute of set === undefined ? [] : readAll(set, TAG.set)) {
    const [oid, value] = readAll(attribute);
    values.set(readOid(oid), readAll(value, TAG.set)[0]);
  }
  const name = values.get(FRIENDLY_NAME);
  const keyId = values.get(LOCAL_KEY_ID);
  return { friendlyName: name && decodeUtf16(name.content), localKeyId: keyId && readOctets(keyId) };
}

function decodeUtf16(bytes: Bytes): string {
  let text = "";
  for (let index = 0; index + 1 < bytes.length; index += 2) {
    text += String.fromCharCode((bytes[index] ?? 0) << 8 | (bytes[index + 1] ?? 0));
  }
  return text;
}
