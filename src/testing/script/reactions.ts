import type { TestMessage, TestUser } from "./objects.ts";
import type { World } from "./world.ts";

const ofWorld = new WeakMap<World, Reactions>();

/** Which emoji are under which messages. */
export class Reactions {
  #world: World;
  #emoji = new Map<string, string[]>();

  /** Use {@link Reactions.of}. */
  constructor(world: World) {
    this.#world = world;
  }

  /** The reactions of a world. */
  static of(world: World): Reactions {
    const reactions = ofWorld.get(world) ?? new Reactions(world);
    ofWorld.set(world, reactions);
    return reactions;
  }

  /** Replaces what somebody put under a message. */
  change(user: TestUser, { chat, message_id }: TestMessage, emoji: string[]): { message_reaction: object } {
    const key = `${chat.id} ${message_id} ${user.id}`;
    const old_reaction = (this.#emoji.get(key) ?? []).map(reaction);
    this.#emoji.set(key, emoji);
    const { date } = this.#world;
    return {
      message_reaction: { chat, message_id, user, date, old_reaction, new_reaction: emoji.map(reaction) },
    };
  }

  /** Reports how often each emoji is under a message whose readers are anonymous. */
  count(
    { chat, message_id }: TestMessage,
    counts: Readonly<Record<string, number>>,
  ): { message_reaction_count: object } {
    const reactions = Object.entries(counts).map(([emoji, total_count]) => ({
      type: reaction(emoji),
      total_count,
    }));
    return { message_reaction_count: { chat, message_id, date: this.#world.date, reactions } };
  }
}

function reaction(emoji: string): object {
  return { type: "emoji", emoji };
}
