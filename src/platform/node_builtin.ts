import { TelehookError } from "../errors/telehook_error.ts";

interface Process {
  readonly process?: { getBuiltinModule?(name: string): unknown };
}

/**
 * A `node:` module, for the few things that web standards do not have. It is loaded when it is used and never imported, so that
 * the code around it loads, bundles and type-checks on runtimes without it.
 *
 * @param name Such as `"node:http"`.
 * @throws {TelehookError} `ERR_RUNTIME` if this runtime has no such module.
 * @see https://nodejs.org/api/process.html#processgetbuiltinmoduleid
 */
export function nodeBuiltin<T>(name: string): T {
  const found = (globalThis as Process).process?.getBuiltinModule?.(name);
  if (found === undefined) {
    throw new TelehookError(
      "ERR_RUNTIME",
      `This runtime has no "${name}": it takes Node 20.16 or later, Deno or Bun`,
    );
  }
  return found as T;
}
