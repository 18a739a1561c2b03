import { TelehookError } from "../errors.ts";

interface FileSystem {
  readFile(path: string | URL): Promise<Uint8Array>;
}

/** Reads a file on the runtimes that have any: Deno, Bun and Node. */
export async function readFile(path: string | URL): Promise<Uint8Array> {
  const { process } = globalThis as { process?: { getBuiltinModule?(name: string): FileSystem | undefined } };
  const fileSystem = process?.getBuiltinModule?.("node:fs/promises");
  if (fileSystem === undefined) {
    throw new TelehookError(
      "ERR_RUNTIME",
      `Cannot read "${path}": this runtime has no files; pass the bytes instead`,
    );
  }
  try {
    return await fileSystem.readFile(path);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new TelehookError("ERR_FILE", `Cannot read "${path}": ${reason}`, { cause });
  }
}
