import type { Certificate } from "./certificate.ts";
import {
  type Bytes,
  type Der,
  readAll,
  readBits,
  readDer,
  readMagnitude,
  readOctets,
  readOid,
  sameBytes,
  TAG,
} from "./der.ts";
import { EC, ED25519, type PrivateKey, RSA, RSA_PSS } from "./private_key.ts";

interface Curve {
  readonly name: string;
  readonly size: number;
}

const CURVES: Readonly<Record<string, Curve>> = {
  "1.2.840.10045.3.1.7": { name: "P-256", size: 32 },
  "1.3.132.0.34": { name: "P-384", size: 48 },
  "1.3.132.0.35": { name: "P-521", size: 66 },
};

/** Whether the private key belongs to the certificate; `"unknown"` for kinds of key that cannot be tried. */
export async function keyMatches(
  key: PrivateKey,
  { publicKey }: Certificate,
): Promise<boolean | "unknown"> {
  const [algorithm, bits] = readAll(publicKey);
  const [oid, parameters] = readAll(algorithm);
  const kind = readOid(oid);
  if (family(kind) !== family(key.algorithm)) return false;
  if (family(kind) === RSA) return sameModulus(key.key, readBits(bits));
  if (kind === EC) return await sameEllipticKey(key, parameters, readBits(bits));
  if (kind === ED25519) return await sameEdwardsKey(key.key, readBits(bits));
  return "unknown";
}

function family(algorithm: string): string {
  return algorithm === RSA_PSS ? RSA : algorithm;
}

function sameModulus(privateKey: Der, publicKey: Bytes): boolean {
  const [, modulus] = readAll(privateKey);
  const [expected] = readAll(readDer(publicKey));
  return sameBytes(readMagnitude(modulus), readMagnitude(expected));
}

async function sameEllipticKey(
  { key, parameters }: PrivateKey,
  expected: Der | undefined,
  point: Bytes,
): Promise<boolean | "unknown"> {
  if (parameters === undefined || expected === undefined) return "unknown";
  if (!sameBytes(parameters.bytes, expected.bytes)) return false;
  const curve = expected.tag === TAG.oid ? CURVES[readOid(expected)] : undefined;
  if (curve === undefined || point.length !== 1 + 2 * curve.size || point[0] !== 4) return "unknown";

  const scalar = readOctets(readAll(key)[1]);
  const common = { kty: "EC", crv: curve.name };
  const coordinates = {
    x: base64url(point.slice(1, 1 + curve.size)),
    y: base64url(point.slice(1 + curve.size)),
  };
  const d = base64url(padStart(scalar, curve.size));
  const algorithm = { name: "ECDSA", namedCurve: curve.name, hash: "SHA-256" };
  return await signsFor(algorithm, { ...common, ...coordinates, d }, { ...common, ...coordinates });
}

async function sameEdwardsKey(key: Der, point: Bytes): Promise<boolean | "unknown"> {
  const x = base64url(point);
  const d = base64url(readOctets(key));
  const common = { kty: "OKP", crv: "Ed25519", x };
  return await signsFor({ name: "Ed25519" }, { ...common, d }, common);
}

/** A key that leaves out its public half, as Java writes them, still shows whose it is by what it signs. */
async function signsFor(
  algorithm: { name: string; namedCurve?: string; hash?: string },
  privateJwk: JsonWebKey,
  publicJwk: JsonWebKey,
): Promise<boolean | "unknown"> {
  const { subtle } = crypto;
  const message = new TextEncoder().encode("Is this key that certificate's?");
  try {
    const verifier = await subtle.importKey("jwk", publicJwk, algorithm, false, ["verify"]);
    // Some runtimes notice here that the halves do not fit, others only by the signature.
    const signer = await subtle.importKey("jwk", privateJwk, algorithm, false, ["sign"]).catch(() =>
      undefined
    );
    if (signer === undefined) return false;
    return await subtle.verify(algorithm, verifier, await subtle.sign(algorithm, signer, message), message);
  } catch {
    return "unknown";
  }
}

function padStart(bytes: Bytes, length: number): Bytes {
  const padded = new Uint8Array(length);
  padded.set(bytes.subarray(-length), Math.max(0, length - bytes.length));
  return padded;
}

function base64url(bytes: Bytes): string {
  return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
