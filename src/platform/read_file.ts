import { TelehookError } from "../errors/telehook_error.ts";
import { errorReason } from "../text/error_reason.ts";
import { plainText } from "../text/plain_text.ts";

interface FileSystem {
  open(path: string | URL): Promise<OpenFile>;
}

interface OpenFile {
  read(into: Uint8Array, options: { readonly offset: number }): Promise<{ readonly bytesRead: number }>;
  close(): Promise<void>;
}

/** No file that is read is larger: a certificate, a key, a keystore, a token, an update. */
export const MAX_FILE_BYTES: number = 4 * 1024 * 1024;

/** Whether this is no path, but PEM text or the Base64 of a key or certificate, which must not be in a message. */
export function isFileContent(path: string): boolean {
  return /-----BEGIN |^\s*MI[\w+/=\s]{64}/.test(path);
}

/**
 * Reads a file, on Deno, Bun and Node. No more than 4 MiB are read, so a device that never ends is an error.
 *
 * @param option The name of the option that the path was passed as, for messages.
 * @throws {TelehookError} `ERR_FILE` if it cannot be read, `ERR_OPTION`, `ERR_RUNTIME`.
 */
export async function readFile(path: string | URL, option: string): Promise<Uint8Array<ArrayBuffer>> {
  if (isFileContent(String(path))) {
    throw new TelehookError(
      "ERR_OPTION",
      `"${option}" must be the path of a file, not the content of the file`,
    );
  }
  const which = `"${option}", "${plainText(String(path))}"`;
  const { process } = globalThis as { process?: { getBuiltinModule?(name: string): FileSystem | undefined } };
  const fileSystem = process?.getBuiltinModule?.("node:fs/promises");
  if (fileSystem === undefined) {
    throw new TelehookError(
      "ERR_RUNTIME",
      `Cannot read ${which}: this runtime has no files; pass the content of the file instead`,
    );
  }
  let bytes: Uint8Array<ArrayBuffer>;
  try {
    bytes = await readAtMost(MAX_FILE_BYTES + 1, await fileSystem.open(path));
  } catch (cause) {
    throw new TelehookError("ERR_FILE", `Cannot read ${which}: ${errorReason(cause)}`, {
      cause,
    });
  }
  if (bytes.length <= MAX_FILE_BYTES) return bytes;
  throw new TelehookError("ERR_FILE", `Cannot read ${which}: it is larger than 4 MiB`);
}

async function readAtMost(most: number, file: OpenFile): Promise<Uint8Array<ArrayBuffer>> {
  let bytes = new Uint8Array(16_384);
  let length = 0;
  try {
    for (;;) {
      const { bytesRead } = await file.read(bytes, { offset: length });
      length += bytesRead;
      if (bytesRead === 0 || length === most) return bytes.slice(0, length);
      if (length < bytes.length) continue;
      const larger = new Uint8Array(Math.min(bytes.length * 4, most));
      larger.set(bytes);
      bytes = larger;
    }
  } finally {
    await file.close();
  }
}
