import { closeSync, openSync, readSync } from "node:fs";
import { TelehookError } from "../../mod.ts";
import { isFileContent, MAX_FILE_BYTES } from "../platform/read_file.ts";
import { errorReason } from "../text/error_reason.ts";
import { quote } from "../text/quote.ts";
import { UsageError } from "./command.ts";

/**
 * The text of a file; `-` is the standard input. No more than 4 MiB are read, so a device that never ends is an error.
 *
 * @throws {TelehookError} `ERR_FILE` with what to do.
 */
export function readTextFile(path: string): string {
  if (isFileContent(path)) {
    throw new UsageError(
      "PEM text was given where the name of a file is needed. Write it to a file, and use its name",
    );
  }
  let bytes: Uint8Array;
  try {
    bytes = path === "-" ? readAtMost(0) : readOpened(path);
  } catch (cause) {
    throw fileError("read", path, cause);
  }
  if (bytes.length > MAX_FILE_BYTES) {
    throw new TelehookError("ERR_FILE", `Cannot read ${quote(path)}: it is larger than 4 MiB`);
  }
  return new TextDecoder().decode(bytes);
}

function readOpened(path: string): Uint8Array {
  const file = openSync(path, "r");
  try {
    return readAtMost(file);
  } finally {
    closeSync(file);
  }
}

/** The content of a file, or one byte more than is allowed. */
function readAtMost(file: number): Uint8Array {
  let bytes = new Uint8Array(65_536);
  let length = 0;
  while (length <= MAX_FILE_BYTES) {
    if (length === bytes.length) {
      const larger = new Uint8Array(Math.min(bytes.length * 4, MAX_FILE_BYTES + 1));
      larger.set(bytes);
      bytes = larger;
    }
    const count = readNext(file, bytes.subarray(length));
    if (count === 0) break;
    length += count;
  }
  return bytes.subarray(0, length);
}

/** Reads on, and waits where a pipe would not: Node makes the standard input one that does not block. */
function readNext(file: number, into: Uint8Array): number {
  for (;;) {
    try {
      return readSync(file, into, 0, into.length, null);
    } catch (error) {
      if (!(error instanceof Error) || Reflect.get(error, "code") !== "EAGAIN") throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10); // milliseconds
    }
  }
}

/** Why a file could not be read or written, in the same words on every runtime. */
export function fileError(what: "read" | "write", path: string, cause: unknown): TelehookError {
  return new TelehookError("ERR_FILE", `Cannot ${what} ${quote(path)}: ${errorReason(cause)}`, { cause });
}
