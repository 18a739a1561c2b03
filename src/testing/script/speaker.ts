import type { Delivery } from "../delivery.ts";
import { checkAlbum, type Content, contentFields } from "./content.ts";
import { suggestNames } from "./did_you_mean.ts";
import type { TestMessage, TestUser } from "./objects.ts";
import type { Place } from "./place.ts";
import { Sent, SentAlbum } from "./sent.ts";
import type { World } from "./world.ts";

/** Where a conversation plays: what is known, and how something reaches the bot. */
export interface TestScene {
  /** What is known. */
  readonly world: World;
  /** Hands an update to Telegram. */
  readonly deliver: (update: { [kind: string]: unknown }) => Delivery;
  /** Has the test server know a bot that somebody created for this bot to manage. */
  readonly manageBot: (bot: TestUser) => void;
}

/** Somebody, or a channel, who says things in one place. */
export class Speaker {
  /** Where it is said. */
  readonly place: Place;
  /** The scene. */
  protected readonly scene: TestScene;
  #author: Partial<TestMessage>;

  /**
   * The scripted conversation makes these.
   *
   * @param scene What is known, and how something reaches the bot.
   * @param place Where it is said.
   * @param author The fields that tell whose message it is: `from` or `sender_chat`.
   */
  constructor(scene: TestScene, place: Place, author: Partial<TestMessage>) {
    this.scene = scene;
    this.place = place;
    this.#author = author;
    scene.world.noteChat(place.chat);
  }

  /** Sends a message: a text, or fields of one, such as `{ photo: true, caption: "Look" }`. */
  sends(content: Content): Sent {
    return this.#send(this.place.newKind, this.#message(contentFields(content, this.scene.world)));
  }

  /**
   * Sends 2 to 10 photos and videos, or documents, or audio files, as one album.
   *
   * @throws {RangeError} if Telegram would not have these as an album.
   */
  sendsAlbum(contents: readonly Content[]): SentAlbum {
    checkAlbum(contents);
    const media_group_id = this.scene.world.newToken();
    const parts = contents.map((content) =>
      this.#send(
        this.place.newKind,
        this.#message({ media_group_id, ...contentFields(content, this.scene.world) }),
      )
    );
    return new SentAlbum(media_group_id, parts);
  }

  /** Changes a message: a text replaces its text, or its caption if it has a medium. */
  edits(message: TestMessage | Sent, content: Content): Sent {
    const old = messageOf(message);
    const isMedium = old.text === undefined;
    const change = typeof content === "string" && isMedium ? { caption: content } : content;
    const { text: _1, entities: _2, caption: _3, caption_entities: _4, edit_date: _5, ...kept } = old;
    const { business_connection_id, message_id, from, author_signature, sender_chat, chat, date, ...rest } =
      kept;
    const edited: TestMessage = {
      ...business_connection_id !== undefined && { business_connection_id },
      message_id,
      ...from !== undefined && { from },
      ...author_signature !== undefined && { author_signature },
      ...sender_chat !== undefined && { sender_chat },
      chat,
      date,
      edit_date: this.scene.world.date,
      ...rest,
      ...contentFields(change, this.scene.world),
    };
    return this.#send(this.place.editedKind, edited);
  }

  #message(fields: Record<string, unknown>): TestMessage {
    const { place, scene } = this;
    return {
      ...place.businessConnectionId !== undefined && { business_connection_id: place.businessConnectionId },
      message_id: scene.world.newMessageId(place.chat),
      ...this.#author,
      chat: place.chat,
      date: scene.world.date,
      ...fields,
    };
  }

  #send(kind: string, message: TestMessage): Sent {
    this.scene.world.noteMessage(message);
    return new Sent(message, this.scene.deliver({ [kind]: message }));
  }
}

suggestNames(Speaker, "user");

/** The message of something that was sent. */
export function messageOf(message: TestMessage | Sent): TestMessage {
  return message instanceof Sent ? message.message : message;
}
