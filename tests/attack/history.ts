import assert from "node:assert/strict";
import { type InboxStore, type ReceivedUpdate, type StoreHost, type Update, webhook } from "../../mod.ts";
import { judge, type Written } from "../../bench/soak_journal.ts";
import { MemoryStore } from "../../src/store/memory/memory_store.ts";
import { unreliableStore } from "../../src/testing/store.ts";
import { albumIn, delivery, inChat, random } from "../inbox/bot.ts";

/** How long a history is. */
export interface HistorySize {
  readonly chats: number;
  /** Updates of each chat, at least. */
  readonly each: number;
}

/** One store in memory that two webhooks use, as processes share a database. */
export function sharedMemory(): () => InboxStore {
  const memory = new MemoryStore();
  const hosts: StoreHost[] = [];
  void memory.open({
    wake: (inMs) => hosts.forEach((host) => host.wake(inMs)),
    lost: () => {},
    failed: assert.fail,
  });
  return () =>
    new Proxy(memory, {
      get(target, name) {
        if (name === "open") return (host: StoreHost) => void hosts.push(host);
        if (name === "close") return () => [];
        if (name === "isDurable" || name === "isShared") return true;
        const value: unknown = Reflect.get(target, name);
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
}

/** What a chat sends: texts, and albums of two to five parts. */
function conversation(
  chat: number,
  each: number,
  roll: (below: number) => number,
): { update: Update; album: string | undefined }[] {
  const written: { update: Update; album: string | undefined }[] = [];
  for (let album = 1; written.length < each; album++) {
    const id = () => chat * 1_000 + written.length;
    if (roll(3) > 0) written.push({ update: inChat(chat, id()), album: undefined });
    else {
      for (let parts = 2 + roll(4); parts > 0; parts--) {
        written.push({ update: inChat(chat, id(), { media_group_id: `7${album}` }), album: `7${album}` });
      }
    }
  }
  return written;
}

/**
 * Two instances of a bot on one store that fails, throws and half-answers; a sender that chooses one at random.
 *
 * @param makeStore Makes the store of an instance; both keep the same.
 * @throws If an update is lost or out of order, an album split, or two updates of a chat were handled at the same time.
 */
export async function history(
  seed: number,
  makeStore: () => InboxStore,
  { chats, each }: HistorySize,
): Promise<void> {
  const roll = random(seed);
  const lines: string[] = [];
  const story = new Map<number, Written>();
  let isFailing = true;
  const hooks = [1, 2].map((run) =>
    webhook(async (update: ReceivedUpdate) => {
      const ids = (albumIn(update)?.updates ?? [update]).map((each) => each.update_id).join(" ");
      lines.push(`begin ${run} ${ids}`);
      if (roll(3) === 0) await new Promise((resolve) => setTimeout(resolve, roll(8)));
      if (roll(20) === 0) {
        lines.push(`throw ${run} ${ids}`);
        throw new Error("on purpose");
      }
      lines.push(`end ${run} ${ids}`);
    }, {
      secretToken: null,
      store: unreliableStore(makeStore(), { random: () => roll(1_000) / 1_000, isFailing: () => isFailing }),
      acknowledge: ({ update_id }) => update_id % 4 === 0 ? "received" : "handled",
      acknowledgeWithinMs: 2_000, // what one instance runs, a repeat to the other cannot know
      mediaGroups: { quietMs: 1_500, maxWaitMs: 20_000 },
      maxAttempts: 50,
      onError: () => {},
      onEvent: () => {},
    })
  );
  await Promise.all(Array.from({ length: chats }, async (_, i) => {
    const written = conversation(i + 1, each, roll);
    for (const { update, album } of written) story.set(update.update_id, { chat: i + 1, album });
    for (const { update } of written) {
      const request = async () => (await hooks[roll(2)]?.(delivery(update)))?.status;
      while (await request() !== 200) await new Promise((resolve) => setTimeout(resolve, roll(5)));
    }
  }));
  isFailing = false;
  const found = () => judge(lines.join("\n"), story);
  for (const until = performance.now() + 15_000; found().lost > 0 && performance.now() < until;) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const { lost, outOfOrder, split, together, examples } = found();
  await Promise.all(hooks.map((hook) => hook.close()));
  assert.deepEqual(
    { lost, outOfOrder, split, together },
    { lost: 0, outOfOrder: 0, split: 0, together: 0 },
    [
      `seed ${seed}`,
      ...examples,
    ].join("\n"),
  );
}
