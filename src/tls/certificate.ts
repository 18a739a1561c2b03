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
import { Unreadable } from "./unreadable.ts";

const SUBJECT_KEY_ID = "2.5.29.14";
const AUTHORITY_KEY_ID = "2.5.29.35";
const COMMON_NAME = "2.5.4.3";

/** What telehook needs to know of an X.509 certificate (RFC 5280). */
export interface Certificate {
  readonly bytes: Bytes;
  /** Its common name, for messages. */
  readonly name: string;
  readonly subject: Der;
  readonly issuer: Der;
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** The `SubjectPublicKeyInfo`. */
  readonly publicKey: Der;
  /** The identifier of its key, and of the key that signed it; many certificates have none. */
  readonly keyId: Bytes | undefined;
  readonly issuerKeyId: Bytes | undefined;
}

/** Reads a certificate in DER. */
export function readCertificate(bytes: Bytes): Certificate {
  const [signed] = readAll(readDer(bytes));
  const fields = readAll(signed).filter(({ tag }) => tag !== contextTag(0)); // [0] is the version
  const [, , issuer, validity, subject, publicKey] = fields;
  const [notBefore, notAfter] = readAll(validity);
  const extensions = readExtensions(fields.find(({ tag }) => tag === contextTag(3)));
  const keyId = extensions.get(SUBJECT_KEY_ID);
  const authority = extensions.get(AUTHORITY_KEY_ID);
  return {
    bytes,
    name: commonName(subject),
    subject: expectTag(subject, TAG.sequence),
    issuer: expectTag(issuer, TAG.sequence),
    notBefore: readTime(notBefore),
    notAfter: readTime(notAfter),
    publicKey: expectTag(publicKey, TAG.sequence),
    keyId: keyId && readOctets(keyId),
    issuerKeyId: authority &&
      readAll(authority).find(({ tag }) => tag === contextTag(0, "primitive"))?.content,
  };
}

/** Whether the certificate names the other as its issuer. */
export function isIssuedBy(certificate: Certificate, issuer: Certificate): boolean {
  const { issuerKeyId } = certificate;
  // Some authorities spell their name in two ways, as subject and as issuer; the key's identifier is exact.
  if (issuerKeyId !== undefined && issuer.keyId !== undefined) return sameBytes(issuerKeyId, issuer.keyId);
  return sameBytes(certificate.issuer.bytes, issuer.subject.bytes);
}

/** Whether the certificate has not expired, and is not for later. */
export function isValidNow({ notBefore, notAfter }: Certificate): boolean {
  const now = new Date();
  return notBefore <= now && now <= notAfter;
}

function commonName(subject: Der | undefined): string {
  for (const attribute of readAll(subject).flatMap((set) => readAll(set, TAG.set))) {
    const [type, value] = readAll(attribute);
    if (readOid(type) === COMMON_NAME && value !== undefined) return new TextDecoder().decode(value.content);
  }
  return "without a common name";
}

function readExtensions(tagged: Der | undefined): Map<string, Der> {
  const extensions = new Map<string, Der>();
  if (tagged === undefined) return extensions;
  for (const extension of readAll(readAll(tagged, tagged.tag)[0])) {
    const [oid, ...rest] = readAll(extension); // a boolean, "critical", may stand between them
    extensions.set(readOid(oid), readDer(readOctets(rest.at(-1))));
  }
  return extensions;
}

/** Reads `YYMMDDHHMMSSZ`, in which years below 50 are after 2000, or `YYYYMMDDHHMMSSZ`. */
function readTime(der: Der | undefined): Date {
  const text = new TextDecoder().decode(der?.content);
  const century = der?.tag === TAG.generalizedTime ? "" : Number(text.slice(0, 2)) < 50 ? "20" : "19";
  const match = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(century + text);
  const date = match === null
    ? undefined
    : new Date(match.slice(1, 4).join("-") + "T" + match.slice(4).join(":") + "Z");
  if (date === undefined || Number.isNaN(date.getTime())) {
    throw new Unreadable("damaged", "a time is malformed");
  }
  return date;
}
