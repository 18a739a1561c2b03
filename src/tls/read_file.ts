import { TelehookError } from "../errors/telehook_error.ts";
import { errorReason } from "../text/error_reason.ts";

interface FileSystem {
  readFile(path: string | URL): Promise<Uint8Array>;
}

/**
 * Reads a file, on Deno, Bun and Node.
 *
 * @param option The name of the option that the path was passed as, for messages.
 * @throws {TelehookError} `ERR_FILE` if it cannot be read, `ERR_OPTION`, `ERR_RUNTIME`.
 */
export async function readFile(path: string | URL, option: string): Promise<Uint8Array> {
  if (String(path).includes("-----BEGIN ")) {
    throw new TelehookError(
      "ERR_OPTION",
      `"${option}" must be the path of a file, not the content of the file`,
    );
  }
  const { process } = globalThis as { process?: { getBuiltinModule?(name: string): FileSystem | undefined } };
  const fileSystem = process?.getBuiltinModule?.("node:fs/promises");
  if (fileSystem === undefined) {
    throw new TelehookError(
      "ERR_RUNTIME",
      `Cannot read "${option}", "${path}": this runtime has no files; pass the content of the file instead`,
    );
  }
  try {
    return await fileSystem.readFile(path);
  } catch (cause) {
    throw new TelehookError("ERR_FILE", `Cannot read "${option}", "${path}": ${errorReason(cause)}`, {
      cause,
    });
  }
}
