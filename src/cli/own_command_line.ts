import process from "node:process";
import { relative } from "node:path";
import { fileURLToPath } from "node:url";

/** How this very program is started, so that a hint can be copied: `npx telehook`, `deno run -A src/cli/main.ts`. */
export function ownCommandLine(): string {
  const { Deno, Bun } = globalThis as { Deno?: unknown; Bun?: unknown };
  const { url } = import.meta;
  if (!url.startsWith("file:")) return "deno run -A jsr:@telehook/telehook/cli";
  const isSource = url.endsWith(".ts") && !url.includes("/node_modules/");
  const main = relative(process.cwd(), fileURLToPath(new URL("./main.ts", url)));
  if (Deno) return `deno run -A ${isSource ? main : "npm:telehook"}`;
  if (Bun) return isSource ? `bun ${main}` : "bunx telehook";
  return isSource ? `npx tsx ${main}` : "npx telehook";
}
