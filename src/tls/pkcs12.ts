import { buildChain, Certificate, readPrivateKey } from "./certificate.ts";
import {
  type Bytes,
  contextTag,
  type Der,
  readAll,
  readDer,
  readNumber,
  readOctets,
  readOid,
  sameBytes,
} from "./der.ts";
import { encodePassword, type Password } from "./key_derivation.ts";
import type { Keystore, KeystoreEntry, OpenedEntry } from "./keystore.ts";
import { decryptPkcs8 } from "./pbe.ts";
import { writePem } from "./pem.ts";
import { type Bag, readBags } from "./pkcs12_bags.ts";
import { verifyMac } from "./pkcs12_mac.ts";
import { schemeName } from "./schemes.ts";
import { Unreadable } from "./unreadable.ts";

const DATA = "1.2.840.113549.1.7.1";
const KEY_BAG = "1.2.840.113549.1.12.10.1.1";
const ENCRYPTED_KEY_BAG = "1.2.840.113549.1.12.10.1.2";
const CERTIFICATE_BAG = "1.2.840.113549.1.12.10.1.3";
const X509 = "1.2.840.113549.1.9.22.1";

interface CertificateInBag {
  readonly bag: Bag;
  readonly certificate: Certificate;
}

/**
 * Reads a PKCS#12 file (RFC 7292) and verifies its MAC; one without a MAC is refused. `node:crypto` cannot: Node opens
 * such files only for a TLS server (`pfx`), Deno and Bun not at all.
 */
export async function readPkcs12(bytes: Bytes, password: string): Promise<Keystore> {
  const [version, content, macData] = readAll(readDer(bytes));
  if (readNumber(version) !== 3) {
    throw new Unreadable("unsupported", `version ${readNumber(version)} of PKCS#12`);
  }
  const [oid, tagged] = readAll(content);
  if (readOid(oid) !== DATA) throw new Unreadable("unsupported", schemeName(readOid(oid)));
  const safe = readOctets(readAll(tagged, contextTag(0))[0]);
  const bags = await readBags(safe, await verify(macData, safe, password));

  const certificates = bags.filter(({ kind }) => kind === CERTIFICATE_BAG).flatMap(readCertificateBag);
  const keys = bags.filter(({ kind }) => kind === KEY_BAG || kind === ENCRYPTED_KEY_BAG);
  let unnamed = 0;
  const entries = keys.map((bag): KeystoreEntry => ({
    alias: bag.friendlyName ?? String(++unnamed), // as Java counts them
    open: (password) => openEntry(bag, certificates, encodePassword(password)),
  }));
  const aliases = certificates.flatMap(({ bag }) => bag.friendlyName ?? []);
  return { entries, certificateAliases: aliases };
}

/** Verifies the MAC. Returns the encoding of the password: some tools write an empty one as nothing, others as an end mark. */
async function verify(macData: Der | undefined, safe: Bytes, password: string): Promise<Password> {
  if (macData === undefined) {
    throw new Unreadable("unsupported", "no MAC, so that changes to the file would not be noticed");
  }
  const encoded = encodePassword(password);
  if (await verifyMac(macData, safe, encoded)) return encoded;
  const none = { utf8: encoded.utf8, utf16: new Uint8Array() };
  if (password === "" && await verifyMac(macData, safe, none)) return none;
  throw new Unreadable("password", "the MAC differs");
}

async function openEntry(
  bag: Bag,
  certificates: CertificateInBag[],
  password: Password,
): Promise<OpenedEntry> {
  const key = bag.kind === KEY_BAG ? bag.value.bytes : await decryptPkcs8(bag.value, password);
  const leaf = findLeaf(bag, key, certificates);
  if (leaf === undefined) throw new Unreadable("damaged", "it has no certificate for the key");
  return {
    key,
    chain: buildChain(leaf, certificates.map(({ certificate }) => certificate)).map(({ bytes }) => bytes),
  };
}

/** The certificate with the key's identifier, or else the one with its public key. */
function findLeaf(
  { localKeyId }: Bag,
  key: Bytes,
  certificates: CertificateInBag[],
): Certificate | undefined {
  const marked = certificates.find(({ bag }) => {
    return localKeyId !== undefined && bag.localKeyId !== undefined && sameBytes(localKeyId, bag.localKeyId);
  });
  if (marked !== undefined) return marked.certificate;
  const privateKey = readPrivateKey(writePem("PRIVATE KEY", key));
  return certificates.find(({ certificate }) => certificate.isOf(privateKey))?.certificate;
}

function readCertificateBag(bag: Bag): CertificateInBag[] {
  const [kind, tagged] = readAll(bag.value);
  if (readOid(kind) !== X509) return [];
  const [value] = readAll(tagged, contextTag(0));
  return [{ bag, certificate: new Certificate(readOctets(value)) }];
}
