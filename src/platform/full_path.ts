import { nodeBuiltin } from "./node_builtin.ts";

/**
 * The path from the root, so that a file is found again after the working directory was changed. A path stays as it is
 * where that cannot be told: Deno may not permit to ask for the working directory.
 */
export function fullPath(path: string): string {
  try {
    return nodeBuiltin<{ resolve(path: string): string }>("node:path").resolve(path);
  } catch {
    return path;
  }
}
