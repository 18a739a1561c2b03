import type { Message, User } from "./objects.ts";

/** A poll: https://core.telegram.org/bots/api#poll */
export interface Poll {
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
): Poll {
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

/**
 * The poll of a message after one more vote, which the message then has too.
 *
 * @throws {Error} if the message is none, or has no such option.
 */
export function withVote(message: Message, options: readonly number[]): Poll {
  const { poll } = message;
  if (!isPoll(poll)) throw new Error("This message is not a poll to vote in");
  if (options.some((option) => poll.options[option] === undefined)) {
    throw new Error("This poll has no such option");
  }
  const voted = poll.options.map((option, number) => ({
    ...option,
    voter_count: option.voter_count + (options.includes(number) ? 1 : 0),
  }));
  const counted = { ...poll, options: voted, total_voter_count: poll.total_voter_count + 1 };
  message.poll = counted;
  return counted;
}

/** Tells who voted for what. */
export function pollAnswer({ id, options }: Poll, user: User, option_ids: readonly number[]): object {
  const option_persistent_ids = option_ids.map((option) => options[option]?.persistent_id);
  return { poll_id: id, user, option_ids, option_persistent_ids };
}

function isPoll(value: unknown): value is Poll {
  return typeof value === "object" && value !== null && "options" in value && Array.isArray(value.options) &&
    "total_voter_count" in value;
}
