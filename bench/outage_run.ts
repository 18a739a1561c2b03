import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { freePort, startTestBotApi } from "../src/testing/mod.ts";
import { judge, type Written } from "./soak_journal.ts";

/** What an outage has cost. */
export interface Outage {
  readonly updates: number;
  readonly lost: number;
  readonly outOfOrder: number;
  readonly handledTwice: number;
  /** Requests of the sender for each update. */
  readonly deliveries: number;
  /** Milliseconds on the sender's clock from the end of the outage until everything was handled, or nothing more came. */
  readonly recoveredMs: number;
}

const CHATS = 30;
const SCRIPT = fileURLToPath(new URL("outage_bot.ts", import.meta.url));
const CURRENT = fileURLToPath(new URL("../mod.ts", import.meta.url));

/**
 * Has the database of a bot be away for a time in which 30 chats each write a message every ten seconds.
 *
 * @param command What runs TypeScript.
 * @param speed How many seconds pass for the sender and the bot in a real one.
 * @param module Another `mod.ts` than this one.
 */
export async function outage(
  command: readonly string[],
  { awayMs, speed, module = CURRENT }: { awayMs: number; speed: number; module?: string },
): Promise<Outage> {
  const directory = mkdtempSync(join(tmpdir(), "telehook-outage-"));
  const journal = join(directory, "journal");
  writeFileSync(journal, "");
  const port = await freePort();
  const [program = "", ...args] = command;
  const bot = spawn(program, [...args, SCRIPT, module, String(port), String(speed), journal], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = new Promise((resolve) => bot.once("exit", resolve));
  const telegram = await startTestBotApi({ timeScale: speed });
  const story = new Map<number, Written>();
  const real = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms / speed));
  const attempts: (() => number)[] = [];
  const round = () => {
    for (let chat = 1; chat <= CHATS; chat++) {
      const update_id = story.size + 1;
      story.set(update_id, { chat, album: undefined });
      const date = Math.floor(telegram.clock.now() / 1_000);
      const message = { message_id: update_id, date, chat: { id: chat, type: "private" }, text: "hello" };
      const delivery = telegram.deliver({ update_id, message });
      attempts.push(() => delivery.attempts.length);
    }
  };
  const found = () => judge(readFileSync(journal, "utf8"), story);
  try {
    await new Promise((resolve) => bot.stdout.once("data", resolve));
    const answer = await fetch(`${telegram.apiRoot}/bot${telegram.token}/setWebhook`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ url: `http://127.0.0.1:${port}/`, max_connections: 40 }),
    });
    if (answer.status !== 200) throw new Error(await answer.text());
    round();
    await telegram.idle();
    writeFileSync(`${journal}.away`, "");
    for (let ms = 0; ms < awayMs; ms += 10_000) {
      round();
      await real(10_000);
    }
    rmSync(`${journal}.away`);
    const back = telegram.clock.now();
    await telegram.idle();
    while (found().lost > 0 && telegram.clock.now() < back + 120_000) await real(1_000);
    const recoveredMs = telegram.clock.now() - back;
    const { lost, outOfOrder, twice } = found();
    const deliveries = attempts.reduce((sum, count) => sum + count(), 0) / story.size;
    return { updates: story.size, lost, outOfOrder, handledTwice: twice, deliveries, recoveredMs };
  } finally {
    bot.kill("SIGKILL");
    await ended;
    await telegram.close();
    rmSync(directory, { recursive: true, force: true });
  }
}

/** The sources of a commit, in a separate folder. @returns The path of its `mod.ts`. */
export function checkOut(commit: string): { readonly module: string; remove(): void } {
  const directory = mkdtempSync(join(tmpdir(), "telehook-commit-"));
  const root = fileURLToPath(new URL("..", import.meta.url));
  execFileSync("sh", ["-c", `git -C "$0" archive "$1" mod.ts src | tar -x -C "$2"`, root, commit, directory]);
  writeFileSync(join(directory, "package.json"), JSON.stringify({ type: "module" }));
  return {
    module: join(directory, "mod.ts"),
    remove: () => rmSync(directory, { recursive: true, force: true }),
  };
}

/** What runs TypeScript here: this runtime. */
export const HERE: readonly string[] = "Deno" in globalThis
  ? [process.execPath, "run", "-A", "--no-check"]
  : "Bun" in globalThis || process.features.typescript
  ? [process.execPath]
  : [process.execPath, "--import", "tsx"];
