import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startTestBotApi } from "../src/testing/mod.ts";
import { SECRET } from "./deliveries.ts";
import type { Runtime } from "./runtimes.ts";
import { type Sharing, startProcesses, type Store } from "./scale_out_processes.ts";

const CHATS = 60;
const ROUNDS = 8;
const PARTS = 3;

/** What became of a conversation that Telegram delivered to several processes. */
export interface Kept {
  readonly updates: number;
  readonly unhandled: number;
  readonly handledTwice: number;
  readonly albums: number;
  readonly splitAlbums: number;
  /** Updates that were handled before one that came earlier in their chat. */
  readonly outOfOrder: number;
}

interface Sent {
  readonly chat: number;
  readonly update_id: number;
  readonly message: { readonly media_group_id?: string; readonly [field: string]: unknown };
}

/** Each chat sends a text and an album of three, again and again, and a text at the end. */
function* conversation(): Generator<Sent> {
  let id = 0;
  const message = (chat: number) => ({ message_id: ++id, date: 0, chat: { id: chat, type: "private" } });
  for (let round = 1; round <= ROUNDS; round++) {
    for (let part = 0; part <= PARTS; part++) {
      for (let chat = 1; chat <= CHATS; chat++) {
        const what = part === 0 ? { text: "hello" } : { media_group_id: String(round), photo: [] };
        yield { chat, message: { ...message(chat), ...what }, update_id: id };
      }
    }
  }
  for (let chat = 1; chat <= CHATS; chat++) {
    yield { chat, message: { ...message(chat), text: "the end" }, update_id: id };
  }
}

/** Delivers a conversation as Telegram does, and looks at what was handled, in which order and in how many pieces. */
export async function promisesKept(
  runtime: Runtime,
  script: string,
  { sharing, store, processes }: {
    readonly sharing: Sharing;
    readonly store: Store;
    readonly processes: number;
  },
): Promise<Kept> {
  const directory = mkdtempSync(join(tmpdir(), "telehook-scale-out-"));
  const journal = join(directory, "journal");
  const bot = await startProcesses(runtime, script, { sharing, store, processes, journal });
  const telegram = await startTestBotApi();
  try {
    const set = `${telegram.apiRoot}/bot${telegram.token}/setWebhook?url=${encodeURIComponent(bot.url)}` +
      `&secret_token=${SECRET}`;
    const { status } = await fetch(set);
    if (status !== 200) throw new Error(`setWebhook was answered ${status}`);
    const sent = [...conversation()];
    for (const { update_id, message } of sent) telegram.deliver({ update_id, message });
    await telegram.idle();
    // What was acknowledged may still be on its way to its handler: the last albums, a second.
    for (let patience = 50; (await bot.state()).seen < sent.length && patience > 0; patience--) {
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    const calls = readFileSync(journal, "utf8").trim().split("\n").map((line) => line.split(" ").map(Number));
    return judge(sent, calls);
  } finally {
    await telegram.close();
    await bot.stop();
    rmSync(directory, { recursive: true, force: true });
  }
}

function judge(sent: readonly Sent[], calls: readonly number[][]): Kept {
  const callOf = new Map<number, number>();
  for (const [call, ids] of calls.entries()) for (const id of ids) if (!callOf.has(id)) callOf.set(id, call);
  const callsOfAlbum = new Map<string, Set<number>>();
  const latest = new Map<number, number>();
  let outOfOrder = 0;
  for (const { chat, message, update_id } of sent) {
    const call = callOf.get(update_id) ?? Infinity;
    if (call < (latest.get(chat) ?? 0)) outOfOrder++;
    latest.set(chat, Math.max(call, latest.get(chat) ?? 0));
    if (message.media_group_id === undefined) continue;
    const album = `${chat} ${message.media_group_id}`;
    callsOfAlbum.set(album, (callsOfAlbum.get(album) ?? new Set()).add(call));
  }
  return {
    updates: sent.length,
    unhandled: sent.length - callOf.size,
    handledTwice: calls.flat().length - callOf.size,
    albums: callsOfAlbum.size,
    splitAlbums: [...callsOfAlbum.values()].filter((calls) => calls.size > 1).length,
    outOfOrder,
  };
}
