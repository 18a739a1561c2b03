import type { TestMessage, TestUser } from "./objects.ts";
import type { World } from "./world.ts";

/** A poll: https://core.telegram.org/bots/api#poll */
export interface TestPoll {
  id: string;
  question: string;
  options: { persistent_id: string; text: string; voter_count: number }[];
  total_voter_count: number;
  is_anonymous: boolean;
  [field: string]: unknown;
}

/** A new poll. */
export function newPoll(
  id: string,
  question: string,
  options: readonly string[],
  isAnonymous: boolean,
): TestPoll {
  return {
    id,
    question,
    options: options.map((text, number) => ({ persistent_id: String(number), text, voter_count: 0 })),
    total_voter_count: 0,
    is_closed: false,
    is_anonymous: isAnonymous,
    allows_multiple_answers: false,
    allows_revoting: true,
    members_only: false,
    type: "regular",
  };
}

/** A poll without the votes that were cast here, and who voted for which options. */
interface Ballot {
  poll: TestPoll;
  votes: Map<number, readonly number[]>;
}

const ofWorld = new WeakMap<World, Polls>();

/** Who voted for what. */
export class Polls {
  #world: World;
  #ballots = new Map<string, Ballot>();

  /** Use {@link Polls.of}. */
  constructor(world: World) {
    this.#world = world;
  }

  /** The polls of a world. */
  static of(world: World): Polls {
    const polls = ofWorld.get(world) ?? new Polls(world);
    ofWorld.set(world, polls);
    return polls;
  }

  /**
   * The poll of a message after a vote, in place of an earlier one of the same user; no options take that back. What
   * was sent of the message already stays as it is.
   *
   * @throws {Error} if the message is none, is closed, or has no such option.
   */
  vote(message: TestMessage, user: TestUser, options: readonly number[]): TestPoll {
    if (!isPoll(message.poll)) throw new Error("This message is not a poll to vote in");
    const { poll, votes } = this.#ballot(message.poll);
    if (poll.is_closed === true) throw new Error("This poll is closed");
    if (options.some((option) => poll.options[option] === undefined)) {
      throw new Error("This poll has no such option");
    }
    if (options.length > 0) votes.set(user.id, options);
    else votes.delete(user.id);
    const counted = this.count(poll);
    const latest = this.#world.message(message.chat, message.message_id) ?? message;
    this.#world.noteMessage({ ...latest, poll: counted });
    return counted;
  }

  /** A poll with the votes that it has now. */
  count(current: TestPoll): TestPoll {
    const { poll, votes } = this.#ballot(current);
    const chosen = [...votes.values()].flat();
    const options = poll.options.map((option, number) => ({
      ...option,
      voter_count: option.voter_count + chosen.filter((one) => one === number).length,
    }));
    return { ...poll, options, total_voter_count: poll.total_voter_count + votes.size };
  }

  /** Ends a poll, and gives its result. */
  close(current: TestPoll): TestPoll {
    const ballot = this.#ballot(current);
    ballot.poll = { ...ballot.poll, is_closed: true };
    return this.count(current);
  }

  #ballot(poll: TestPoll): Ballot {
    const ballot = this.#ballots.get(poll.id) ?? { poll, votes: new Map() };
    this.#ballots.set(poll.id, ballot);
    return ballot;
  }
}

/** Tells who voted for what. */
export function pollAnswer({ id, options }: TestPoll, user: TestUser, option_ids: readonly number[]): object {
  const option_persistent_ids = option_ids.map((option) => options[option]?.persistent_id);
  return { poll_id: id, user, option_ids, option_persistent_ids };
}

/** Whether this is a poll. */
export function isPoll(value: unknown): value is TestPoll {
  return typeof value === "object" && value !== null && "options" in value && Array.isArray(value.options) &&
    "total_voter_count" in value;
}
