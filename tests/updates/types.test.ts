import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ALL_MEDIA_GROUP_KINDS, ALL_UPDATE_KINDS } from "../../src/updates/mod.ts";
import type {
  BackgroundFill,
  BackgroundType,
  CallbackQuery,
  Chat,
  ChatBoostSource,
  ChatBoostSourceGiveaway,
  ChatMember,
  ChatMemberBanned,
  ChatMemberOwner,
  FlatUpdate,
  InaccessibleMessage,
  MaybeInaccessibleMessage,
  MediaGroup,
  MediaGroupKind,
  MediaGroupUpdate,
  Message,
  MessageOrigin,
  PaidMedia,
  PhotoSize,
  Poll,
  ReactionType,
  RichBlock,
  RichBlockDivider,
  RichText,
  UnknownUpdate,
  Update,
  UpdateKind,
  UpdateKindTypes,
  UpdateOf,
} from "../../src/updates/mod.ts";

// What is wrong here shows when the tests are type-checked. They also run, so that values bear the types out.

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends (<T>() => T extends B ? 1 : 2) ? true : false;
type IsAny<T> = 0 extends 1 & T ? true : false;
type KeyOfAny<T> = T extends unknown ? keyof T : never;

/** Compiles only where the type argument is `true`. */
function assertType<_T extends true>(): void {}
/** Compiles only where nothing is left to come here. */
function assertNever(value: never): never {
  throw new TypeError(`Not expected: ${JSON.stringify(value)}`);
}

const chat: Chat = { id: 1, type: "private" };
const message: Message = { message_id: 1, date: 1, chat, text: "Hello" };
const query: CallbackQuery = {
  id: "1",
  chat_instance: "1",
  from: { id: 1, is_bot: false, first_name: "A" },
  data: "yes",
};

describe("an update", () => {
  it("has its own kind and no other", () => {
    assertType<Equal<UpdateOf<"message">, { update_id: number; message: Message }>>();
    assertType<Equal<UpdateOf<"poll">, { update_id: number; poll: Poll }>>();
    assertType<Equal<UpdateOf<"message" | "poll">, UpdateOf<"message"> | UpdateOf<"poll">>>();
    assertType<Equal<Update, { [K in UpdateKind]: UpdateOf<K> }[UpdateKind]>>();
    assertType<Equal<UpdateKind, keyof UpdateKindTypes>>();
    assertType<Equal<KeyOfAny<Update>, UpdateKind | "update_id">>();
    assertType<Equal<IsAny<Update>, false>>();
    // @ts-expect-error: not a kind
    assertType<Equal<UpdateOf<"massage">, never>>();
    // @ts-expect-error: an update of no kind
    const empty: Update = { update_id: 1 };
    // @ts-expect-error: the payload of another kind
    const other: Update = { update_id: 1, poll: message };
    // @ts-expect-error: an update of a kind that is not known
    const unknown: Update = { update_id: 1, custom_event: {} };
    assert.deepEqual([empty, other, unknown].map((update) => update.update_id), [1, 1, 1]);
  });

  it("is narrowed by `in`", () => {
    function describeUpdate(update: Update): string | undefined {
      // @ts-expect-error: not every update has a message
      void update.message;
      if ("message" in update) {
        assertType<Equal<typeof update, UpdateOf<"message">>>();
        // @ts-expect-error: a message update has no poll
        void update.poll;
        return update.message.text;
      }
      if ("callback_query" in update) return update.callback_query.data;
      assertType<Equal<typeof update, UpdateOf<Exclude<UpdateKind, "message" | "callback_query">>>>();
      if ("custom_event" in update) {
        assertType<Equal<typeof update.custom_event, unknown>>();
        return typeof update.custom_event;
      }
      return undefined;
    }
    assert.equal(describeUpdate({ update_id: 1, message }), "Hello");
    assert.equal(describeUpdate({ update_id: 1, callback_query: query }), "yes");
    const unknown: UnknownUpdate = { update_id: 1, custom_event: {} };
    // @ts-expect-error: an update of an unknown kind is no Update
    assert.equal(describeUpdate(unknown), "object");
  });

  it("is narrowed by `in` among albums too", () => {
    function captionOf(update: Update | MediaGroupUpdate): string | undefined {
      if ("channel_post_media_group" in update) {
        assertType<Equal<typeof update, { update_id: number; channel_post_media_group: MediaGroup }>>();
        return update.channel_post_media_group.caption;
      }
      if ("channel_post" in update) {
        assertType<Equal<typeof update, UpdateOf<"channel_post">>>();
        return update.channel_post.caption;
      }
      return undefined;
    }
    const post: Message = { ...message, caption: "One" };
    const group: MediaGroup = {
      id: "1",
      chat,
      messages: [post],
      updates: [{ update_id: 1, channel_post: post }],
      caption: "Album",
      captionEntities: undefined,
      late: false,
    };
    assert.equal(captionOf({ update_id: 1, channel_post_media_group: group }), "Album");
    assert.equal(captionOf({ update_id: 1, channel_post: post }), "One");
    assertType<Equal<MediaGroupKind, Exclude<KeyOfAny<MediaGroupUpdate>, "update_id">>>();
    assert.equal(new Set<string>([...ALL_UPDATE_KINDS, ...ALL_MEDIA_GROUP_KINDS]).size, 27 + 3);
    void ((album: MediaGroup) => {
      // @ts-expect-error: an album is read, not changed
      album.late = true;
      // @ts-expect-error: its messages too
      album.messages.push(message);
    });
  });

  it("is read without narrowing where it is taken as flat", () => {
    const textOf = (update: FlatUpdate) => update.message?.text ?? update.callback_query?.data;
    assertType<Equal<FlatUpdate["poll"], Poll | undefined>>();
    assertType<Equal<keyof FlatUpdate, UpdateKind | "update_id">>();
    const receivers: ((update: Update | MediaGroupUpdate) => unknown)[] = [textOf];
    assert.deepEqual(receivers.map((receive) => receive({ update_id: 1, message })), ["Hello"]);
  });
});

describe("a union", () => {
  it("of chat members is told apart by `status`", () => {
    assertType<Equal<Extract<ChatMember, { status: "creator" }>, ChatMemberOwner>>();
    assertType<Equal<Extract<ChatMember, { status: "kicked" }>, ChatMemberBanned>>();
    function canSend(member: ChatMember): boolean {
      switch (member.status) {
        case "creator":
        case "administrator":
        case "member":
          return true;
        case "restricted":
          return member.is_member && member.can_send_messages;
        case "left":
        case "kicked":
          // @ts-expect-error: who is not in the chat has no rights there
          return member.can_send_messages ?? false;
        default:
          return assertNever(member);
      }
    }
    assert.equal(canSend({ status: "member", user: query.from }), true);
    assert.equal(canSend({ status: "kicked", user: query.from, until_date: 0 }), false);
  });

  it("of messages that may be inaccessible is told apart by what only a message has", () => {
    function textOf(found: MaybeInaccessibleMessage): string | undefined {
      // @ts-expect-error: an inaccessible message has no text
      void found.text;
      if (!("text" in found)) return undefined;
      assertType<Equal<typeof found, Message>>();
      return found.text;
    }
    assertType<Equal<InaccessibleMessage["date"], 0>>();
    assert.equal(textOf(message), "Hello");
    assert.equal(textOf({ message_id: 1, date: 0, chat }), undefined);
    const accessible = (found: MaybeInaccessibleMessage): found is Message => found.date !== 0;
    assert.deepEqual([message, { message_id: 2, date: 0, chat } as const].filter(accessible), [message]);
  });

  it("of rich texts is a string, a sequence or told apart by `type`", () => {
    function plain(text: RichText): string {
      if (typeof text === "string") return text;
      if (Array.isArray(text)) return text.map(plain).join("");
      switch (text.type) {
        case "custom_emoji":
          return text.alternative_text;
        case "mathematical_expression":
          return text.expression;
        case "anchor":
          return "";
        case "button":
          return plain(text.button.text);
        default:
          return plain(text.text);
      }
    }
    const text: RichText = ["a", { type: "bold", text: ["b", { type: "code", text: "c" }] }];
    assert.equal(plain(text), "abc");
    assertType<Equal<Extract<RichBlock, { type: "divider" }>, RichBlockDivider>>();
  });

  it("of anything else is told apart by its discriminator", () => {
    assertType<Equal<MessageOrigin["type"], "user" | "hidden_user" | "chat" | "channel">>();
    assertType<Equal<PaidMedia["type"], "live_photo" | "photo" | "preview" | "video">>();
    assertType<Equal<ReactionType["type"], "emoji" | "custom_emoji" | "paid">>();
    assertType<Equal<BackgroundType["type"], "fill" | "wallpaper" | "pattern" | "chat_theme">>();
    assertType<Equal<BackgroundFill["type"], "solid" | "gradient" | "freeform_gradient">>();
    assertType<Equal<Extract<ChatBoostSource, { source: "giveaway" }>, ChatBoostSourceGiveaway>>();
    // @ts-expect-error: not an emoji that one can react with
    const reaction: ReactionType = { type: "emoji", emoji: "🦖" };
    // @ts-expect-error: not a sort of chat
    const secret: Chat = { id: 1, type: "secret" };
    assert.deepEqual([reaction.type, secret.type], ["emoji", "secret"]);
  });
});

describe("a message", () => {
  it("says with `true` or absence what holds", () => {
    assertType<Equal<Message["is_topic_message"], true | undefined>>();
    // @ts-expect-error: Telegram leaves it out instead
    const topic: Message = { ...message, is_topic_message: false };
    // @ts-expect-error: Telegram leaves it out instead
    const nothing: Message = { ...message, text: undefined };
    assert.deepEqual([topic.message_id, nothing.message_id], [1, 1]);
  });

  it("takes a field that is known to be there", () => {
    type WithPhoto = Message & Required<Pick<Message, "photo">>;
    assertType<Equal<WithPhoto["photo"], PhotoSize[]>>();
    const withPhoto = (found: Message): found is WithPhoto => found.photo !== undefined;
    assert.deepEqual(
      [message, { ...message, photo: [] }].filter(withPhoto).map(({ photo }) => photo.length),
      [0],
    );
  });

  it("warns of fields that Telegram sends but does not document", () => {
    assertType<Equal<Message["forward_date"], number | undefined>>();
    // @ts-expect-error: neither documented nor sent
    void message.forwarded;
  });
});
