import { TelehookError } from "../errors/telehook_error.ts";
import { quote } from "../text/quote.ts";
import { aesCbc, type Cipher, desCbc } from "./ciphers.ts";
import { type Bytes, concat, readDer } from "./der.ts";
import { encodePassword } from "./key_derivation.ts";
import { digest } from "./node_crypto.ts";
import { decryptPkcs8, requireKey } from "./pbe.ts";
import { type PemBlock, readPem, writePem } from "./pem.ts";
import { requireText } from "./pem_hints.ts";
import { Unreadable } from "./unreadable.ts";

/** The ciphers of RFC 1421's `DEK-Info` line, by OpenSSL's names. */
const CIPHERS: ReadonlyMap<string, Cipher> = new Map([
  ["AES-128-CBC", aesCbc(16)],
  ["AES-192-CBC", aesCbc(24)],
  ["AES-256-CBC", aesCbc(32)],
  ["DES-EDE3-CBC", desCbc(24)],
  ["DES-CBC", desCbc(8)],
]);

/**
 * Decrypts a private key in PEM: PKCS#8 (`ENCRYPTED PRIVATE KEY`, RFC 5958) with PBES2 or a scheme of PKCS#12, and
 * the older form that OpenSSL marks with `Proc-Type: 4,ENCRYPTED`, with AES or (triple) DES in CBC mode. Everything
 * else in the text, such as certificates or curve parameters, is left out.
 *
 * Servers that accept no passphrase, such as Deno's, need the decrypted key.
 *
 * @param key PEM text with a private key. One that is not encrypted is returned as it is.
 * @param passphrase The passphrase of the key; ignored if it is not encrypted.
 * @param name The name of the text in messages, such as its file name. Default: `"key"`.
 * @returns PEM text with the key alone, unencrypted.
 * @throws {TelehookError} `ERR_TLS`: there is no private key in the text, it is damaged or encrypted in a way
 * that telehook does not read, or the passphrase is missing or wrong. `ERR_OPTION`: the passphrase that is needed is not
 * text. `ERR_RUNTIME`: the encryption needs `node:crypto`, which this runtime does not have.
 *
 * @example
 * ```ts
 * import { decryptPemKey } from "@telehook/telehook/tls";
 *
 * export async function serveWith(encryptedKey: string, cert: string, passphrase: string) {
 *   return { cert, key: await decryptPemKey(encryptedKey, passphrase) };
 * }
 * ```
 *
 * @see https://www.rfc-editor.org/rfc/rfc5958
 */
export async function decryptPemKey(key: string, passphrase?: string, name: string = "key"): Promise<string> {
  requireText(key, name);
  try {
    const block = findPrivateKey(readPem(key));
    if (!isEncrypted(block)) return writePem(block.label, block.bytes);
    if (passphrase === undefined) {
      throw new TelehookError("ERR_TLS", `The private key in "${name}" is encrypted: pass its passphrase`);
    }
    if (typeof passphrase !== "string") {
      throw new TelehookError("ERR_OPTION", `"passphrase" must be text, not ${quote(passphrase)}`);
    }
    const plain = await decryptBlock(block, passphrase);
    return writePem(block.label.replace("ENCRYPTED ", ""), plain);
  } catch (error) {
    throw error instanceof Unreadable ? new TelehookError("ERR_TLS", explain(error, name)) : error;
  }
}

function findPrivateKey(blocks: PemBlock[]): PemBlock {
  const block = blocks.find(({ label }) => label.endsWith("PRIVATE KEY"));
  if (block !== undefined) return block;
  const found = blocks.map(({ label }) => `"${label}"`).join(", ");
  throw new Unreadable("damaged", `it has no private key, only ${found}`);
}

function isEncrypted({ label, headers }: PemBlock): boolean {
  return label === "ENCRYPTED PRIVATE KEY" || headers.get("Proc-Type")?.endsWith("ENCRYPTED") === true;
}

function decryptBlock(block: PemBlock, passphrase: string): Promise<Bytes> {
  return block.label === "ENCRYPTED PRIVATE KEY"
    ? decryptPkcs8(readDer(block.bytes), encodePassword(passphrase))
    : decryptTraditional(block, new TextEncoder().encode(passphrase));
}

async function decryptTraditional({ headers, bytes }: PemBlock, passphrase: Bytes): Promise<Bytes> {
  const [name = "", hex = ""] = headers.get("DEK-Info")?.split(",") ?? [];
  const cipher = CIPHERS.get(name);
  if (!/^[A-Z0-9-]{1,40}$/i.test(name)) throw new Unreadable("damaged", 'its "DEK-Info" line is malformed');
  if (cipher === undefined) throw new Unreadable("unsupported", `the cipher "${name}"`);
  const iv = Uint8Array.from(hex.match(/[0-9a-f]{2}/gi) ?? [], (digits) => parseInt(digits, 16));
  if (iv.length !== cipher.ivLength) throw new Unreadable("damaged", 'its "DEK-Info" line is malformed');
  const key = deriveKey(passphrase, iv.subarray(0, 8), cipher.keyLength);
  return requireKey(await cipher.decrypt(key, iv, bytes));
}

/** OpenSSL's `EVP_BytesToKey` with MD5 and one round. */
function deriveKey(passphrase: Bytes, salt: Bytes, length: number): Bytes {
  let last = new Uint8Array();
  let derived = new Uint8Array();
  while (derived.length < length) {
    last = concat(digest("md5", concat(last, passphrase, salt)));
    derived = concat(derived, last);
  }
  return derived.subarray(0, length);
}

function explain(error: Unreadable, name: string): string {
  if (error.reason === "password") return `The passphrase of the private key in "${name}" is wrong`;
  if (error.reason === "damaged") return `The private key in "${name}" cannot be read: ${error.message}`;
  return `The private key in "${name}" is encrypted with ${error.message}, which telehook does not read: ` +
    "encrypt it again with `openssl pkcs8 -topk8 -v2 aes-256-cbc`";
}
