import { execFileSync } from "node:child_process";
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Runtime } from "./runtimes.ts";

// Those that bring a handler for web-standard requests run everywhere, the others on Node's server only.
const EVERYWHERE = ["grammy", "gramio", "node-telegram-bot-api"];
const NODE_ONLY = ["telegraf", "puregram"];

/** Other frameworks, installed. */
export interface Peers {
  /** By name and version, the script and argument that start a server with each. */
  serversFor(runtime: Runtime): [string, readonly string[]][];
  remove(): void;
}

/** Installs the newest of each into a temporary folder, beside the servers written with them. */
export function installPeers(): Peers {
  const folder = mkdtempSync(join(tmpdir(), "telehook-peers-"));
  const names = [...EVERYWHERE, ...NODE_ONLY];
  execFileSync("npm", ["install", "--prefix", folder, "--no-audit", "--no-fund", "--silent", ...names], {
    stdio: "inherit",
  });
  const script = join(folder, "peer_servers.mjs");
  copyFileSync(fileURLToPath(new URL("peer_servers.mjs", import.meta.url)), script);
  const version = (name: string) =>
    JSON.parse(readFileSync(join(folder, "node_modules", name, "package.json"), "utf8")).version;
  return {
    serversFor: ({ isNode }) =>
      (isNode ? names : EVERYWHERE).map((name) => [`${name} ${version(name)}`, [script, name]]),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
