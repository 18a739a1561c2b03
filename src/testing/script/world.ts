import { type TestUpdate, updateKindOf } from "../update_kinds.ts";
import type { Status } from "./membership.ts";
import type { TestChat, TestMessage, TestUser } from "./objects.ts";

/** Only that many messages are remembered, so that a test of millions of updates does not fill the memory. */
const MESSAGES_KEPT = 10_000;

/** Chats in which messages are numbered on their own; everywhere else they are numbered together. */
const NUMBERED_ALONE: ReadonlySet<string> = new Set(["supergroup", "channel"]);

/** What the scripted conversation knows: who there is, which chats, what was said, and the next free ids. */
export class World {
  /** The bot itself. */
  readonly bot: TestUser;
  #now: () => number;
  #users = 111;
  #chats = 1_000_000_001;
  /** The highest message id of each chat; of chats that share their numbers, under 0. */
  #messageIds = new Map<number, number>();
  #messages = new Map<string, TestMessage>();
  #known = new Map<number, TestChat>();
  #statuses = new Map<string, Status>();
  #tokens = 0;

  /**
   * The test server makes one.
   *
   * @param bot The bot itself.
   * @param now What time it is, in milliseconds.
   */
  constructor(bot: TestUser, now: () => number) {
    this.bot = bot;
    this.#now = now;
  }

  /** What time it is, in Telegram's seconds. */
  get date(): number {
    return Math.floor(this.#now() / 1000);
  }

  /** A user id that nobody has. */
  newUserId(): number {
    return this.#users++;
  }

  /** A chat id that no chat has: below -1000000000000 for supergroups and channels. */
  newChatId(type: TestChat["type"]): number {
    const id = this.#chats++;
    return NUMBERED_ALONE.has(type) ? -1_000_000_000_000 - id : -id;
  }

  /** The id that the next message of a chat gets. */
  newMessageId(chat: TestChat): number {
    return (this.#messageIds.get(numbering(chat)) ?? 0) + 1;
  }

  /** A number in text that nothing else has: for media groups (beyond 2^53, as they really are), queries and files. */
  newToken(): string {
    return String(14_100_000_000_000_001n + BigInt(this.#tokens++));
  }

  /** A chat by its id or `@username`; one that nobody has heard of is made up. */
  chat(id: number | string): TestChat {
    const number = Number(id);
    const byName = [...this.#known.values()].find(({ username }) => username && `@${username}` === id);
    const known = byName ?? this.#known.get(number);
    if (known) return known;
    if (Number.isInteger(number) && number > 0) {
      return { id: number, first_name: "Somebody", type: "private" };
    }
    return { id: Number.isInteger(number) ? number : 0, title: "Some group", type: "supergroup" };
  }

  /** A message of a chat. */
  message(chat: TestChat, id: number): TestMessage | undefined {
    return this.#messages.get(`${chat.id} ${id}`);
  }

  /** The messages of a chat, the oldest first. */
  messagesOf({ id }: TestChat): TestMessage[] {
    return [...this.#messages.values()].filter(({ chat }) => chat.id === id);
  }

  /** Notes a chat. */
  noteChat(chat: TestChat): void {
    this.#known.set(chat.id, chat);
  }

  /** How somebody belongs to a chat, if it was ever told. */
  status(chat: TestChat, user: TestUser): Status | undefined {
    return this.#statuses.get(`${chat.id} ${user.id}`);
  }

  /** Notes how somebody belongs to a chat from now on. */
  noteStatus(chat: TestChat, user: TestUser, status: Status): void {
    this.#statuses.set(`${chat.id} ${user.id}`, status);
  }

  /** Notes a message, new or changed. */
  noteMessage(message: TestMessage): void {
    const { chat, message_id } = message;
    this.noteChat(chat);
    this.#messageIds.set(numbering(chat), Math.max(this.#messageIds.get(numbering(chat)) ?? 0, message_id));
    this.#messages.set(`${chat.id} ${message_id}`, message);
    if (this.#messages.size <= MESSAGES_KEPT) return;
    const [oldest] = this.#messages.keys();
    if (oldest !== undefined) this.#messages.delete(oldest);
  }

  /** Notes the message that an update contains or is about, if there is one. */
  noteUpdate(update: TestUpdate): void {
    const payload = update[updateKindOf(update)];
    if (isMessage(payload)) this.noteMessage(payload);
    else if (typeof payload === "object" && payload !== null && "message" in payload) {
      if (isMessage(payload.message)) this.noteMessage(payload.message);
    }
  }
}

function numbering({ id, type }: TestChat): number {
  return NUMBERED_ALONE.has(type) ? id : 0;
}

function isMessage(value: unknown): value is TestMessage {
  if (typeof value !== "object" || value === null || !("message_id" in value) || !("chat" in value)) {
    return false;
  }
  const { message_id, chat } = value;
  return typeof message_id === "number" && typeof chat === "object" && chat !== null && "id" in chat &&
    typeof chat.id === "number" && "date" in value && !("new_reaction" in value) && !("reactions" in value);
}
