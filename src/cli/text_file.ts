import { readFileSync } from "node:fs";
import { TelehookError } from "../../mod.ts";
import { UsageError } from "./usage_error.ts";

/**
 * The text of a file; `-` is the standard input.
 *
 * @throws {TelehookError} `ERR_FILE` with what to do.
 */
export function readTextFile(path: string): string {
  if (path.includes("-----BEGIN ")) {
    throw new UsageError("That is PEM text in place of a file's name: write it to a file and name that");
  }
  try {
    return readFileSync(path === "-" ? 0 : path, "utf8");
  } catch (cause) {
    throw fileError("read", path, cause);
  }
}

/** Why a file could not be read or written, in the same words on every runtime. */
export function fileError(what: "read" | "write", path: string, cause: unknown): TelehookError {
  const code = cause instanceof Error ? Reflect.get(cause, "code") : undefined;
  return new TelehookError(
    "ERR_FILE",
    `Cannot ${what} ${JSON.stringify(path)}: ${reason(String(code), cause)}`,
    { cause },
  );
}

function reason(code: string, cause: unknown): string {
  switch (code) {
    case "ENOENT":
      return "there is no such file or directory";
    case "EACCES":
    case "EPERM":
      return "this user may not";
    case "EISDIR":
      return "it is a directory";
    case "EEXIST":
      return "it is there already";
    default:
      return cause instanceof Error ? cause.message : String(cause);
  }
}
