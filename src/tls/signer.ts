import { type Bytes, TAG, writeDer, writeMagnitude, writeOid } from "./der.ts";

/** The kinds of key that a certificate can be made with. */
export type SignerAlgorithm = "rsa-2048" | "ecdsa-p256";

/** A new key pair, as the writer of a certificate needs it. */
export interface Signer {
  /** The algorithm identifier of its signatures. */
  readonly identifier: Bytes;
  /** What the key may be used for, as the bits of RFC 5280, 4.2.1.3. */
  readonly keyUsage: Bytes;
  /** The public key, as a `SubjectPublicKeyInfo`. */
  readonly publicKey: Bytes;
  /** The private key, in PKCS#8. */
  readonly privateKey: Bytes;
  sign(message: Bytes): Promise<Bytes>;
}

const KINDS = {
  "rsa-2048": {
    generate: {
      name: "RSASSA-PKCS1-v1_5",
      modulusLength: 2048,
      publicExponent: Uint8Array.of(1, 0, 1),
      hash: "SHA-256",
    },
    sign: { name: "RSASSA-PKCS1-v1_5" },
    identifier: () => [writeOid("1.2.840.113549.1.1.11"), writeDer(TAG.null)],
    keyUsage: [5, 0b1010_0000], // digital signature and key encipherment; 5 bits are spare
    encode: (signature: Bytes) => signature,
  },
  "ecdsa-p256": {
    generate: { name: "ECDSA", namedCurve: "P-256" },
    sign: { name: "ECDSA", hash: "SHA-256" },
    identifier: () => [writeOid("1.2.840.10045.4.3.2")],
    keyUsage: [7, 0b1000_0000], // digital signature
    // Web Crypto writes the two numbers one after the other, X.509 (RFC 3279, 2.2.3) in a sequence.
    encode: (signature: Bytes) =>
      writeDer(
        TAG.sequence,
        writeMagnitude(signature.subarray(0, 32)),
        writeMagnitude(signature.subarray(32)),
      ),
  },
};

/** Whether there is such a kind of key. */
export function isSignerAlgorithm(algorithm: unknown): algorithm is SignerAlgorithm {
  return typeof algorithm === "string" && Object.hasOwn(KINDS, algorithm);
}

/** Makes a key pair. */
export async function generateSigner(algorithm: SignerAlgorithm): Promise<Signer> {
  const kind = KINDS[algorithm];
  const { subtle } = crypto;
  const { privateKey, publicKey } = await subtle.generateKey(kind.generate, true, ["sign", "verify"]);
  return {
    identifier: writeDer(TAG.sequence, ...kind.identifier()),
    keyUsage: writeDer(TAG.bitString, Uint8Array.from(kind.keyUsage)),
    publicKey: new Uint8Array(await subtle.exportKey("spki", publicKey)),
    privateKey: new Uint8Array(await subtle.exportKey("pkcs8", privateKey)),
    sign: async (message) => kind.encode(new Uint8Array(await subtle.sign(kind.sign, privateKey, message))),
  };
}
