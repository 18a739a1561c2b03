import type { Delivery } from "../delivery.ts";
import type { Content } from "./content.ts";
import { privateChat, type TestChat, type TestMessage, type TestUser } from "./objects.ts";
import { suggestNames } from "./did_you_mean.ts";
import type { Person } from "./person.ts";
import { type Place, placeOf, type TestVenue } from "./place.ts";
import { Reactions } from "./reactions.ts";
import type { Sent, SentAlbum } from "./sent.ts";
import { messageOf, Speaker, type TestScene } from "./speaker.ts";

/** A group. People talk in it with `anna.in(group).sends("…")`. */
export class Group implements TestVenue {
  /** The chat, as the Bot API shows one. */
  readonly chat: TestChat;

  /** Made by `telegram.group()`. */
  constructor(scene: TestScene, chat: TestChat) {
    this.chat = chat;
    scene.world.noteChat(chat);
  }

  /** The group itself, for everybody. */
  placeFor(): Place {
    return placeOf(this.chat);
  }
}

/** A channel, which posts in its own name. */
export class Channel implements TestVenue {
  /** The chat, as the Bot API shows one. */
  readonly chat: TestChat;
  #scene: TestScene;
  #speaker: Speaker;

  /** Made by `telegram.channel()`. */
  constructor(scene: TestScene, chat: TestChat) {
    this.chat = chat;
    this.#scene = scene;
    this.#speaker = new Speaker(scene, placeOf(chat), { sender_chat: chat });
  }

  /** The channel itself, for everybody. */
  placeFor(): Place {
    return placeOf(this.chat);
  }

  /** Posts a text, or fields of a message. */
  posts(content: Content): Sent {
    return this.#speaker.sends(content);
  }

  /** Posts an album of 2 to 10 parts. */
  postsAlbum(contents: readonly Content[]): SentAlbum {
    return this.#speaker.sendsAlbum(contents);
  }

  /** Changes a post. */
  edits(post: TestMessage | Sent, content: Content): Sent {
    return this.#speaker.edits(post, content);
  }

  /** That many readers react to a post, anonymously: `channel.countsReactions(post, { "👍": 3 })`. */
  countsReactions(post: TestMessage | Sent, counts: Readonly<Record<string, number>>): Delivery {
    return this.#scene.deliver(Reactions.of(this.#scene.world).count(messageOf(post), counts));
  }
}

/** A business account that the bot works for. Customers write to it with `ben.in(shop).sends("…")`. */
export class Business implements TestVenue {
  /** The id of the connection between the account and the bot. */
  readonly connectionId: string;
  #scene: TestScene;
  #owner: Person;

  /** Made by `telegram.business()`. */
  constructor(scene: TestScene, owner: Person) {
    this.connectionId = `biz${scene.world.newToken()}`;
    this.#scene = scene;
    this.#owner = owner;
  }

  /** The private chat that a customer has with the business. The bot sees it by the customer. */
  placeFor(customer: TestUser): Place {
    return {
      chat: privateChat(customer),
      newKind: "business_message",
      editedKind: "edited_business_message",
      businessConnectionId: this.connectionId,
    };
  }

  /** The owner connects the bot. */
  connects(): Delivery {
    return this.#connection(true);
  }

  /** The owner takes the bot away again. */
  disconnects(): Delivery {
    return this.#connection(false);
  }

  /** The owner writes to a customer. */
  sends(to: Person, content: Content): Sent {
    return new Speaker(this.#scene, this.placeFor(to.user), { from: this.#owner.user }).sends(content);
  }

  /** Messages of one customer's chat are deleted. */
  deletes(...messages: (TestMessage | Sent)[]): Delivery {
    const deleted = messages.map(messageOf);
    const business_connection_id = this.connectionId;
    const message_ids = deleted.map(({ message_id }) => message_id);
    return this.#scene.deliver({
      deleted_business_messages: { business_connection_id, chat: deleted[0]?.chat, message_ids },
    });
  }

  #connection(is_enabled: boolean): Delivery {
    const { user } = this.#owner;
    return this.#scene.deliver({
      business_connection: {
        id: this.connectionId,
        user,
        user_chat_id: user.id,
        date: this.#scene.world.date,
        is_enabled,
        rights: { can_reply: true },
      },
    });
  }
}

suggestNames(Group, "group", "anna.in(group).sends");
suggestNames(Channel, "channel");
suggestNames(Business, "business");
