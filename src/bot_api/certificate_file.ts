import { TelehookError } from "../errors/telehook_error.ts";
import { readFile } from "../platform/read_file.ts";

/**
 * The certificate of `setWebhook`, which is uploaded: PEM text, the same as bytes, a `Blob` or `File` of it, or
 * `{ file }` with the path of a PEM file; or the identifier of a file that Telegram has already.
 *
 * Telegram's server accepts an uploaded file only. It ignores a `{ file_id }` without an error and continues to
 * verify by the public authorities: look at `has_custom_certificate` of `getWebhookInfo` to see what it did.
 *
 * @see https://core.telegram.org/bots/self-signed
 */
export type WebhookCertificate =
  | string
  | Uint8Array
  | ArrayBuffer
  | Blob
  | {
    /** The path of a PEM file, which is read when `setWebhook` is called. */
    readonly file: string;
  }
  | {
    /** The identifier of a file that Telegram has already. */
    readonly file_id: string;
  };

/**
 * What to send as `certificate`: a file to upload or the text of a file_id. A private key that comes along
 * with the certificate is refused, because it would leave the machine.
 *
 * @throws {TelehookError} `ERR_TLS` if it is not a certificate in PEM, `ERR_FILE` if it cannot be read.
 */
export async function certificateFile(
  certificate: WebhookCertificate | undefined,
): Promise<File | string | undefined> {
  if (certificate === undefined) return undefined;
  const fileId = textAt(certificate, "file_id");
  if (fileId !== undefined) return fileId;
  const path = textAt(certificate, "file");
  const content = path === undefined ? certificate : await readFile(path, "certificate");
  if (!isContent(content)) throw unusable("is neither PEM text, bytes, a Blob, { file } nor { file_id }");
  const file = new File([content], "certificate.pem", { type: "application/x-pem-file" });
  const pem = await file.text();
  if (pem.includes("PRIVATE KEY-----")) throw unusable("contains a private key");
  if (!/-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----/.test(pem)) {
    throw typeof certificate === "string" && isPath(certificate)
      ? new TelehookError(
        "ERR_TLS",
        'The "certificate" of "setWebhook" is the path of a file: pass { file: "/path/of/cert.pem" } to upload that file',
      )
      : unusable("is not a certificate in PEM");
  }
  return file;
}

/**
 * A certificate as PEM text.
 *
 * @throws {TelehookError} `ERR_FILE` if it cannot be read.
 */
export async function readPem(certificate: string | { readonly file: string }): Promise<string> {
  if (typeof certificate === "string") return certificate;
  return new TextDecoder().decode(await readFile(certificate.file, "certificate"));
}

/** Whether a text looks like the path of a file. */
function isPath(text: string): boolean {
  return text.length < 1024 && /^[^\r\n]*([/\\]|\.(?:pem|crt|cer|cert)$)/i.test(text) && !/[\r\n]/.test(text);
}

function textAt(value: unknown, key: "file" | "file_id"): string | undefined {
  const found: unknown = typeof value === "object" && value !== null ? Reflect.get(value, key) : undefined;
  return typeof found === "string" ? found : undefined;
}

// Bytes over a SharedArrayBuffer cannot be a Blob's.
function isContent(
  value: WebhookCertificate,
): value is string | Uint8Array<ArrayBuffer> | ArrayBuffer | Blob {
  if (value instanceof Uint8Array) return value.buffer instanceof ArrayBuffer;
  return typeof value === "string" || value instanceof ArrayBuffer || value instanceof Blob;
}

function unusable(why: string): TelehookError {
  return new TelehookError(
    "ERR_TLS",
    `The "certificate" of "setWebhook" ${why}: pass the certificate alone, in PEM`,
  );
}
