import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import process from "node:process";

const DEPLOYMENT = readFileSync(new URL("../../docs/deployment.md", import.meta.url), "utf8");

/** The first block of code in a section of docs/deployment.md. */
export function blockOf(section: string): string {
  const block = new RegExp(`^## ${section}\n[\\s\\S]*?^\`\`\`.*\n([\\s\\S]*?)^\`\`\``, "m").exec(DEPLOYMENT)
    ?.[1];
  assert.ok(block, `docs/deployment.md has no configuration for ${section}`);
  return block;
}

/** Replaces what must be there. */
export function replace(text: string, changes: Readonly<Record<string, string>>): string {
  for (const [from, to] of Object.entries(changes)) {
    assert.ok(text.includes(from), `The configuration has no "${from}"`);
    text = text.replaceAll(from, to);
  }
  return text;
}

/** The environment in which Debian's servers are found. */
export const ENVIRONMENT = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` };

/** Whether a command ends without a fault. */
export function works(command: string, ...args: string[]): boolean {
  return spawnSync(command, args, { stdio: "ignore", env: ENVIRONMENT }).status === 0;
}

/** Why a test is skipped, if what it needs is not installed. CI has everything. */
export function whyNot(command: string): string | undefined {
  if (works("which", command)) return undefined;
  assert.notEqual(process.env.CI, "true", `${command} must be there: .ci/servers installs it`);
  return `needs ${command}`;
}
