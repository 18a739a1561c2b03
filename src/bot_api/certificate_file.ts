import { TelehookError } from "../errors/telehook_error.ts";

/**
 * The certificate of `setWebhook`: PEM text, the same as bytes, or a `Blob` or `File` of it, which are
 * uploaded; or the identifier of a file that Telegram has already.
 *
 * Telegram's server takes an uploaded file only. It ignores a `{ file_id }` without an error and goes on to
 * verify by the public authorities: look at `has_custom_certificate` of `getWebhookInfo` to see what it did.
 *
 * @see https://core.telegram.org/bots/self-signed
 */
export type WebhookCertificate = string | Uint8Array | ArrayBuffer | Blob | { readonly file_id: string };

/**
 * What to send as `certificate`: a file to upload or the text of a file_id. A private key that comes along
 * with the certificate is refused, because it would leave the machine.
 *
 * @throws {TelehookError} `ERR_TLS` when it is not a certificate in PEM
 */
export async function certificateFile(
  certificate: WebhookCertificate | undefined,
): Promise<File | string | undefined> {
  if (certificate === undefined) return undefined;
  if (isFileId(certificate)) return certificate.file_id;
  if (!isContent(certificate)) throw unusable("is neither PEM text, bytes, a Blob nor { file_id }");
  const file = new File([certificate], "certificate.pem", { type: "application/x-pem-file" });
  const pem = await file.text();
  if (pem.includes("PRIVATE KEY-----")) throw unusable("comes with a private key");
  if (!/-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----/.test(pem)) {
    throw unusable("is not a certificate in PEM");
  }
  return file;
}

function isFileId(value: WebhookCertificate): value is { file_id: string } {
  return typeof value === "object" && value !== null && "file_id" in value &&
    typeof value.file_id === "string";
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
    `The "certificate" of "setWebhook" ${why}, give the certificate alone, in PEM`,
  );
}
