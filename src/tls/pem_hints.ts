import { TelehookError } from "../errors/telehook_error.ts";
import { quote } from "../text/quote.ts";

// Messages about something that was passed in place of PEM. They never quote the text: it may be a private key.

/**
 * Refuses what is not a certificate with its key.
 *
 * @throws {TelehookError} `ERR_TLS`
 */
export function requirePair(pair: unknown): void {
  if (typeof pair === "object" && pair !== null && !isPromise(pair)) return;
  throw new TelehookError(
    "ERR_TLS",
    isPromise(pair)
      ? 'The certificate and its key are a promise: write "await" before what makes them, such as selfSigned()'
      : "The certificate and its key must be passed as { cert, key }",
  );
}

/**
 * Refuses what is not text.
 *
 * @throws {TelehookError} `ERR_TLS`
 */
export function requireText(value: unknown, name: string): asserts value is string {
  if (typeof value !== "string") throw new TelehookError("ERR_TLS", `"${name}" ${hintForValue(value)}`);
}

function hintForValue(value: unknown): string {
  if (value === undefined) {
    return 'is missing: pass PEM text as "cert" and "key", or to a server paths as "certFile" and "keyFile"';
  }
  if (isPromise(value)) return 'is a promise: write "await" before what makes it';
  if (value instanceof ArrayBuffer || ArrayBuffer.isView(value)) {
    return "must be PEM text: read the file as text, not as bytes";
  }
  return `must be PEM text, not ${quote(value)}`;
}

function isPromise(value: unknown): boolean {
  return typeof value === "object" && value !== null && "then" in value;
}

/** What is wrong with a text whose block is on one line, which often happens in environment variables. */
export function hintForOneLine(text: string): string | undefined {
  const line = text.split(/[\r\n]/).find(hasWholeBlock);
  if (line === undefined) return undefined;
  return line.includes("\\n")
    ? 'its line breaks are written as "\\n": replace them by text.replaceAll("\\\\n", "\\n"), or write ' +
      "double quotes around the value in an .env file"
    : 'its line breaks are lost: write them as "\\n" within double quotes in an .env file, or keep the text in a file ' +
      'and pass its path as "certFile" or "keyFile"';
}

function hasWholeBlock(line: string): boolean {
  const begin = line.indexOf("-----BEGIN ");
  return begin !== -1 && line.lastIndexOf("-----END ") > begin;
}

/** What a text without a PEM block is, and what to do. */
export function hintForText(text: string): string {
  const trimmed = text.trim();
  if (trimmed === "") return "it is empty";
  if (/-\0-\0-\0/.test(text)) {
    return 'it is UTF-16, as ">" of PowerShell writes it: write it again as UTF-8 or ASCII';
  }
  // DER and PKCS#12 start with a sequence, Java's own keystores with the bytes FE ED FE ED.
  if (/^(0.*[\0\ufffd]|\ufffd{4})/s.test(text)) {
    return "it is binary: open a keystore (.p12, .pfx, .jks) with loadKeystore, or convert DER to PEM with " +
      "`openssl x509 -inform der` or `openssl pkey -inform der`";
  }
  if (/^((\.{0,2}|~|[a-z]:)[/\\]|file:).{1,250}$|^.{1,250}\.(pem|crt|cer|key)$/i.test(trimmed)) {
    return 'it is the path of a file: pass paths as "certFile" and "keyFile"';
  }
  return 'it has no PEM block: a block starts with a line of "-----BEGIN …-----"';
}
