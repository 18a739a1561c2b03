import type { Delivery } from "../delivery.ts";
import { Business, Channel, Group } from "./chats.ts";
import { suggestNames } from "./did_you_mean.ts";
import type { TestChat, TestUser } from "./objects.ts";
import { Person } from "./person.ts";
import type { TestScene } from "./speaker.ts";
import type { World } from "./world.ts";

/** Who can be in a scripted conversation. */
export class Conversation {
  #scene: TestScene;

  /**
   * The test server is one.
   *
   * @param world What is known.
   * @param deliver Hands an update to Telegram.
   * @param manageBot Has the test server know a bot that somebody created for this bot to manage.
   */
  constructor(
    world: World,
    deliver: (update: { [kind: string]: unknown }) => Delivery,
    manageBot: (bot: TestUser) => void,
  ) {
    this.#scene = { world, deliver, manageBot };
  }

  /** A user with a given name: `telegram.user({ first_name: "Anna" })`. */
  user(user: Partial<TestUser> = {}): Person {
    const id = user.id ?? this.#scene.world.newUserId();
    return new Person(this.#scene, { id, is_bot: false, first_name: `User ${id}`, ...user });
  }

  /** A group; by default a supergroup, as nearly all are. */
  group(chat: Partial<TestChat> = {}): Group {
    return new Group(this.#scene, this.#chat("Group", { type: "supergroup", ...chat }));
  }

  /** A channel. */
  channel(chat: Partial<TestChat> = {}): Channel {
    return new Channel(this.#scene, this.#chat("Channel", { ...chat, type: "channel" }));
  }

  /** A business account that the bot can work for. */
  business(owner: Person): Business {
    return new Business(this.#scene, owner);
  }

  #chat(what: string, { id, title, type = "supergroup", ...rest }: Partial<TestChat>): TestChat {
    const chatId = id ?? this.#scene.world.newChatId(type);
    return { id: chatId, title: title ?? `${what} ${-chatId}`, ...rest, type };
  }
}

suggestNames(Conversation, "telegram", "telegram.user().sends");
