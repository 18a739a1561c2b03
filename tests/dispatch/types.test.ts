import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  type CallbackQuery,
  type FilteredUpdate,
  type InaccessibleMessage,
  isInaccessibleMessage,
  kindOf,
  type MediaGroup,
  type MediaGroupUpdate,
  type Message,
  type MessageEntity,
  type PhotoSize,
  type ReceivedUpdate,
  type ReceiverContext,
  type UnknownUpdate,
  type Update,
  updateHandlers,
  type UpdateOf,
  type UpdateStreams,
  updateStreams,
  type User,
  type Video,
} from "../../mod.ts";

// What is wrong here shows when the tests are type-checked.

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends (<T>() => T extends B ? 1 : 2) ? true : false;
type ItemOf<S> = S extends AsyncIterable<infer T> ? T : never;

/** Compiles only where the type argument is `true`. */
function assertType<_T extends true>(): void {}
/** Code that is checked and never run. */
function onlyChecked(_code: () => unknown): void {}

describe("a filtered update", () => {
  it("of a kind is the update of that kind", () => {
    assertType<Equal<FilteredUpdate<"message">, UpdateOf<"message">>>();
    assertType<Equal<FilteredUpdate<"poll" | "message">, UpdateOf<"poll"> | UpdateOf<"message">>>();
    assertType<
      Equal<FilteredUpdate<"message_media_group">, { update_id: number; message_media_group: MediaGroup }>
    >();
  });

  it("has the field that is named, and the others as they were", () => {
    type Photo = FilteredUpdate<"message:photo">;
    assertType<Equal<Photo["message"]["photo"], PhotoSize[]>>();
    assertType<Equal<Photo["message"]["text"], Message["text"]>>();
    assertType<Equal<Photo["update_id"], number>>();
    assertType<Equal<FilteredUpdate<"callback_query:data">["callback_query"]["data"], string>>();
    assertType<Equal<FilteredUpdate<"business_message:text">["business_message"]["text"], string>>();
  });

  it("of an album has the field in every part", () => {
    type Videos = FilteredUpdate<"channel_post_media_group:video">["channel_post_media_group"];
    assertType<Equal<Videos["messages"][number]["video"], Video>>();
    onlyChecked(() => (album: Videos) => album.messages.map(({ video }) => video.duration));
  });

  it("has both of two fields", () => {
    type Captioned = FilteredUpdate<"message:photo:caption">["message"];
    assertType<Equal<Captioned["photo"], PhotoSize[]>>();
    assertType<Equal<Captioned["caption"], string>>();
    assertType<Equal<FilteredUpdate<"channel_post:text:from">["channel_post"]["from"], User>>();
  });

  it("of visual media has a photo, a live photo or a video in every part", () => {
    type Visual = FilteredUpdate<"message_media_group:visual">["message_media_group"];
    type With<F extends keyof Message> = Message & Required<Pick<Message, F>>;
    assertType<Equal<Visual["messages"][number], With<"photo"> | With<"live_photo"> | With<"video">>>();
  });

  it("is an update, so that it can be handed on", () => {
    onlyChecked(() => (update: FilteredUpdate<"message:photo">): Update => update);
    onlyChecked(() => (update: FilteredUpdate<"message_media_group:photo">): MediaGroupUpdate => update);
  });
});

describe("handlers", () => {
  it("are typed for what they are called with", () => {
    updateHandlers({
      "message:photo"({ message }, context) {
        assertType<Equal<typeof message.photo, PhotoSize[]>>();
        assertType<Equal<typeof context, ReceiverContext>>();
      },
      "callback_query:data": async ({ callback_query }) => {
        assertType<Equal<typeof callback_query.data, string>>();
        await Promise.resolve();
      },
      "message_media_group:video": ({ message_media_group: { messages } }) => {
        assertType<Equal<(typeof messages)[number]["video"], Video>>();
      },
      unknown: (update) => assertType<Equal<typeof update, UnknownUpdate>>(),
      poll: ({ poll }) => ({ method: "sendMessage", chat_id: 1, text: poll.question }),
    });
  });

  it("may return what `condition && reply` and `array.push()` yield", () => {
    const list: unknown[] = [];
    updateHandlers({
      message: ({ message }) => message.text === "/start" && { method: "sendMessage", text: "Hello" },
      edited_message: ({ edited_message: { text } }) => text && { method: "sendMessage", text },
      channel_post: (update) => list.push(update),
      edited_channel_post: async (update) => await Promise.resolve(list.push(update)),
    });
  });

  it("cannot be had for what there is not", () => {
    onlyChecked(() => {
      // @ts-expect-error No such second field.
      updateHandlers({ "message:photo:captoin": () => {} });
      // @ts-expect-error Text alone is not a reply.
      updateHandlers({ message: () => "Hello" });
      // @ts-expect-error No such kind.
      updateHandlers({ mesage: () => {} });
      // @ts-expect-error No such field.
      updateHandlers({ "message:foto": () => {} });
      // @ts-expect-error Every message has a chat.
      updateHandlers({ "message:chat": () => {} });
      // @ts-expect-error A poll is in no message here.
      updateHandlers({ "poll:photo": () => {} });
      // @ts-expect-error An album is never of stickers.
      updateHandlers({ "message_media_group:sticker": () => {} });
      // @ts-expect-error Edited parts are never merged.
      updateHandlers({ edited_message_media_group: () => {} });
      // @ts-expect-error Not a reply: its method is missing.
      updateHandlers({ message: () => ({ chat_id: 1 }) });
      // @ts-expect-error A message may have no text.
      updateHandlers({ message: ({ message }) => void message.text.length });
      // @ts-expect-error Another field is not there for sure.
      updateHandlers({ "message:photo": ({ message }) => void message.text.length });
      // @ts-expect-error Another kind's content.
      updateHandlers({ message: ({ channel_post }) => void channel_post });
    });
  });
});

describe("streams", () => {
  it("are typed for what they have", () => {
    const streams = updateStreams();
    const some = streams.on("message:photo", "channel_post", { signal: AbortSignal.abort() });
    assertType<
      Equal<ItemOf<typeof some>, FilteredUpdate<"message:photo"> | UpdateOf<"channel_post">>
    >();
    onlyChecked(async () => {
      for await (const update of some) {
        if ("message" in update) assertType<Equal<typeof update.message.photo, PhotoSize[]>>();
        else assertType<Equal<typeof update.channel_post, Message>>();
      }
    });
    const [all, parts, unknown] = [streams.all(), streams.all({ mediaGroups: false }), streams.unknown()];
    assertType<Equal<ItemOf<typeof all>, ReceivedUpdate>>();
    assertType<Equal<ItemOf<typeof parts>, Update>>();
    assertType<Equal<ItemOf<typeof unknown>, UnknownUpdate>>();
    streams.close();
  });

  it("cannot be had for what there is not", () => {
    onlyChecked(() => (streams: UpdateStreams) => {
      // @ts-expect-error No such field.
      streams.on("message:foto");
      // @ts-expect-error No filter.
      streams.on();
      // @ts-expect-error Options alone are no filter.
      streams.on({ signal: AbortSignal.abort() });
      // @ts-expect-error No such option.
      streams.on("message", { sgnal: AbortSignal.abort() });
      // @ts-expect-error Unknown kinds have a separate subscription.
      streams.on("unknown");
      // @ts-expect-error No such way.
      updateStreams({ overflow: "drop" });
    });
  });
});

describe("a received update", () => {
  it("narrows by `in` to exactly one kind, and to nothing when all are ruled out", () => {
    onlyChecked(() => (update: ReceivedUpdate) => {
      if ("message" in update) assertType<Equal<typeof update, UpdateOf<"message">>>();
      else if ("message_media_group" in update) {
        assertType<Equal<typeof update.message_media_group, MediaGroup>>();
      }
      // @ts-expect-error Not ruled in.
      return update.poll;
    });
  });

  it("can be read as one of an unknown kind", () => {
    const read = (update: ReceivedUpdate): string[] => {
      const { update_id: _, ...content }: UnknownUpdate = update;
      return Object.keys(content);
    };
    const update: UnknownUpdate = { update_id: 1, brand_new_thing: {} };
    // @ts-expect-error An unknown kind is none of the known ones.
    assert.deepEqual(read(update), ["brand_new_thing"]);
  });
});

describe("a message that may be inaccessible", () => {
  const chat = { id: 42, type: "private" } as const;
  const textOf = (message: NonNullable<CallbackQuery["message"]>): string | undefined => {
    if (isInaccessibleMessage(message)) {
      assertType<Equal<typeof message, InaccessibleMessage>>();
      return undefined;
    }
    assertType<Equal<typeof message, Message>>();
    return message.text;
  };

  it("is told apart by its date, which narrows to either", () => {
    assert.equal(textOf({ chat, message_id: 1, date: 1, text: "Hello" }), "Hello");
    assert.equal(textOf({ chat, message_id: 1, date: 0 }), undefined);
    assert.equal(isInaccessibleMessage({ chat, message_id: 1, date: 0 }), true);
  });
});

describe("an entity", () => {
  it("is narrowed by its type", () => {
    const describeEntity = (entity: MessageEntity): string | undefined => {
      // @ts-expect-error Only some have one.
      void entity.url;
      switch (entity.type) {
        case "text_link":
          return entity.url;
        case "text_mention":
          return entity.user.first_name;
        case "pre":
          return entity.language;
        default:
          return entity.type;
      }
    };
    assert.equal(
      describeEntity({ type: "text_link", offset: 0, length: 1, url: "https://a.example" }),
      "https://a.example",
    );
    assert.equal(describeEntity({ type: "bold", offset: 0, length: 1 }), "bold");
  });
});

describe("kindOf", () => {
  it("is exported, and says the kind of an update or an album", () => {
    const update: ReceivedUpdate = {
      update_id: 1,
      message: { message_id: 1, date: 1, chat: { id: 1, type: "private" } },
    };
    assert.equal(kindOf(update), "message");
  });
});
