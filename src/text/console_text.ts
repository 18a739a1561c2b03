type Inspect = (value: unknown, options: { readonly colors: false }) => string;

interface Inspectors {
  readonly Deno?: { readonly inspect?: Inspect };
  readonly Bun?: { readonly inspect?: Inspect };
  readonly process?: { getBuiltinModule?(name: string): { readonly inspect?: Inspect } | undefined };
}

/** A value as this runtime's console prints it, without colors; `undefined` where that cannot be known. */
export function consoleText(value: unknown): string | undefined {
  const { Deno, Bun, process } = globalThis as Inspectors;
  const own = Deno?.inspect ?? Bun?.inspect ?? process?.getBuiltinModule?.("node:util")?.inspect;
  return own?.(value, { colors: false });
}
