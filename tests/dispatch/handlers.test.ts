import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  ALL_UPDATE_KINDS,
  TelehookError,
  type UpdateHandlers,
  updateHandlers,
  updateStreams,
} from "../../mod.ts";
import { facts } from "../updates/files.ts";
import { toUpdateReceiver } from "../../src/receiver/receiver.ts";
import { albumOf, context, messageUpdate, partUpdate, PHOTO, postUpdate, UNKNOWN, VIDEO } from "./updates.ts";

/** Handlers of these names that write down their calls. */
function spies(...names: readonly (keyof UpdateHandlers)[]): { handlers: UpdateHandlers; calls: string[] } {
  const calls: string[] = [];
  const handlers = Object.fromEntries(names.map((name) => [name, (update: { update_id: number }) => {
    calls.push(`${name} ${update.update_id}`);
  }]));
  return { handlers, calls };
}

function refuses(make: () => unknown, message: RegExp): void {
  assert.throws(
    make,
    (error) => error instanceof TelehookError && error.code === "ERR_OPTION" && message.test(error.message),
  );
}

describe("handlers", () => {
  it("get updates of their kind, and the very object", () => {
    const update = messageUpdate(1);
    const got: unknown[] = [];
    const bot = updateHandlers({
      message: (each) => void got.push(each),
      channel_post: (each) => void got.push(each),
    });
    assert.equal(bot.receive(update, context()), undefined);
    assert.equal(got.length, 1);
    assert.equal(got[0], update);
  });

  it("get the context, and the handlers as `this`", () => {
    const given = context();
    let seen: unknown[] = [];
    const handlers: UpdateHandlers = {
      message(_update, each) {
        seen = [this, each];
      },
    };
    updateHandlers(handlers).receive(messageUpdate(1), given);
    assert.equal(seen[0], handlers);
    assert.equal(seen[1], given);
  });

  it("with a field get only what has it", () => {
    const { handlers, calls } = spies("message:photo", "channel_post:text");
    const bot = updateHandlers(handlers);
    for (const update of [messageUpdate(1), messageUpdate(2, PHOTO), postUpdate(3), postUpdate(4, PHOTO)]) {
      bot.receive(update, context());
    }
    assert.deepEqual(calls, ["message:photo 2", "channel_post:text 3"]);
  });

  it("with two fields get only what has both", () => {
    const { handlers, calls } = spies("message:photo:caption");
    const bot = updateHandlers(handlers);
    const contents = [PHOTO, { caption: "a caption" }, { ...PHOTO, caption: "a caption" }];
    for (const [index, content] of contents.entries()) bot.receive(messageUpdate(index, content), context());
    assert.deepEqual(calls, ["message:photo:caption 2"]);
  });

  it("run in the order in which they are written, at once as long as none waits", () => {
    const { handlers, calls } = spies("message:text", "message", "message:photo", "message:caption");
    const result = updateHandlers(handlers).receive(messageUpdate(1, { ...PHOTO, caption: "c" }), context());
    assert.equal(result, undefined);
    assert.deepEqual(calls, ["message 1", "message:photo 1", "message:caption 1"]);
  });

  it("wait for each other", async () => {
    const calls: string[] = [];
    let proceed = () => {};
    const bot = updateHandlers({
      "message:text": () =>
        new Promise<void>((resolve) => proceed = resolve).then(() => void calls.push("first")),
      message: () => void calls.push("second"),
    });
    const result = bot.receive(messageUpdate(1), context());
    assert.deepEqual(calls, []);
    proceed();
    await result;
    assert.deepEqual(calls, ["first", "second"]);
  });

  it("wait for anything with a then", async () => {
    const calls: string[] = [];
    const query = {
      then(resolve: (value: undefined) => void) {
        calls.push("query");
        resolve(undefined);
      },
    } as unknown as Promise<void>;
    const bot = updateHandlers({ "message:text": () => query, message: () => void calls.push("second") });
    await bot.receive(messageUpdate(1), context());
    assert.deepEqual(calls, ["query", "second"]);
  });

  it("stop at the first that fails, whichever way it fails", async () => {
    for (
      const fail of [() => {
        throw new Error("no");
      }, () => Promise.reject(new Error("no"))]
    ) {
      const { handlers, calls } = spies("message:text");
      const bot = updateHandlers({
        ...handlers,
        message: fail,
        "message:caption": () => void calls.push("behind"),
      });
      const update = messageUpdate(1, { text: "t", caption: "c" });
      await assert.rejects(async () => await bot.receive(update, context()), { message: "no" });
      assert.deepEqual(calls, ["message:text 1"]);
    }
  });

  it("reply with the first reply of several", async () => {
    const reply = (method: string) => ({ method });
    const sync = updateHandlers({
      "message:text": () => {},
      message: () => reply("a"),
      "message:entities": () => reply("b"),
    });
    const update = messageUpdate(1, { text: "t", entities: [] });
    assert.deepEqual(sync.receive(update, context()), { method: "a" });
    const late = updateHandlers({
      "message:text": () => Promise.resolve(),
      message: () => Promise.resolve(reply("a")),
      "message:entities": () => reply("b"),
    });
    assert.deepEqual(await late.receive(update, context()), { method: "a" });
    const single = updateHandlers({ message: () => reply("c") });
    assert.deepEqual(single.receive(update, context()), { method: "c" });
  });

  it("for the unknown get what the types do not know, untouched, and nothing else", () => {
    const got: unknown[] = [];
    const bot = updateHandlers({ unknown: (update) => void got.push(update) });
    const copy = structuredClone(UNKNOWN);
    bot.receive(UNKNOWN, context());
    bot.receive(messageUpdate(1), context());
    bot.receive(albumOf(partUpdate(2), partUpdate(3)), context());
    assert.deepEqual(got, [copy]);
    assert.equal(got[0], UNKNOWN);
  });

  it("ignore updates that none is for", () => {
    const bot = updateHandlers({ message: () => assert.fail("called") });
    assert.equal(bot.receive(UNKNOWN, context()), undefined);
    assert.equal(bot.receive(postUpdate(1), context()), undefined);
  });
});

describe("handlers of albums", () => {
  const album = albumOf(partUpdate(2), partUpdate(1));
  const mixed = albumOf(partUpdate(3), partUpdate(4, VIDEO));

  it("get an album as one, and those of messages do not", () => {
    const { handlers, calls } = spies("message", "message_media_group");
    updateHandlers(handlers).receive(album, context());
    assert.deepEqual(calls, ["message_media_group 2"]);
  });

  it("of visual media get any mix of photos and videos, and nothing else", () => {
    const { handlers, calls } = spies("message_media_group:visual");
    const bot = updateHandlers(handlers);
    bot.receive(albumOf(partUpdate(1), partUpdate(2, VIDEO)), context());
    bot.receive(albumOf(partUpdate(3), partUpdate(4, { text: "not a picture" })), context());
    assert.deepEqual(calls, ["message_media_group:visual 2"]);
  });

  it("with a field get those of which every part has it", () => {
    const { handlers, calls } = spies("message_media_group:photo", "message_media_group:video");
    const bot = updateHandlers(handlers);
    bot.receive(album, context());
    bot.receive(mixed, context());
    assert.deepEqual(calls, ["message_media_group:photo 2"]);
  });

  it("leave albums that none of them matches to the handlers of messages, part by part", async () => {
    const { handlers, calls } = spies("message_media_group:video", "message:photo", "message");
    await updateHandlers(handlers).receive(album, context());
    assert.deepEqual(calls, ["message:photo 1", "message 1", "message:photo 2", "message 2"]);
  });
});

describe("what handlers need", () => {
  it("is in the order of the Bot API, without duplicates", () => {
    const { handlers } = spies(
      "chat_member",
      "message_media_group",
      "channel_post_media_group:photo",
      "callback_query:data",
      "callback_query",
      "message",
      "unknown",
    );
    const bot = updateHandlers(handlers);
    assert.deepEqual(bot.allowedUpdates, ["message", "channel_post", "callback_query", "chat_member"]);
    assert.deepEqual(bot.mediaGroupKinds, ["message_media_group", "channel_post_media_group"]);
  });

  it("is no album without a handler of albums", () => {
    assert.deepEqual(updateHandlers({ message: () => {} }).mediaGroupKinds, []);
  });

  it("is all 27 kinds and every album for a plain function", () => {
    const { allowedUpdates, mediaGroupKinds } = toUpdateReceiver(() => {});
    assert.equal(allowedUpdates.length, 27);
    assert.deepEqual(allowedUpdates, ALL_UPDATE_KINDS);
    assert.equal(mediaGroupKinds?.length, 3);
  });

  it("is nothing that can be named for the unknown", () => {
    assert.deepEqual(updateHandlers({ unknown: () => {} }).allowedUpdates, []);
  });
});

describe("handlers that are a mistake", () => {
  const make = (handlers: object) => () => updateHandlers(handlers);

  it("are refused when they are made", () => {
    refuses(make({}), /at least one handler/);
    class Bot {
      poll = () => {};
      message() {}
    }
    for (const other of [new Bot(), Object.create({ message() {} }), undefined, null, () => {}]) {
      refuses(make(other), /takes a plain object/);
    }
    updateHandlers(Object.assign(Object.create(null), { message() {} })); // as a module's exports are
    refuses(make({ message: undefined }), /at least one handler/);
    refuses(make({ mesage: () => {} }), /"mesage" is not an update filter\. Did you mean "message"\?/);
    refuses(make({ "mesage:photo": () => {} }), /Did you mean "message:photo"\?/);
    refuses(make({ "message:": () => {} }), /"message:" is not an update filter/);
    refuses(make({ "message:photo:text:caption": () => {} }), /is not an update filter/);
    refuses(make({ constructor: () => {} }), /"constructor" is not an update filter/);
    refuses(make({ "message:constructor": () => {} }), /"message:constructor" is not an update filter/);
    refuses(make({ "message:chat": () => {} }), /"message:chat" is not an update filter/);
    refuses(make({ message: "no function" }), /handler of "message" must be a function, not "no function"/);
  });
});

describe("the fields that filters can name", () => {
  const make = (name: string) => () => updateHandlers({ [name]: () => {} });

  it("are those that the Bot API calls optional, of every kind", () => {
    for (const [kind, type] of Object.entries(facts.update_kind_types)) {
      for (const [field, { required }] of Object.entries(facts.objects[type]?.fields ?? {})) {
        const name = `${kind}:${field}`;
        if (required) refuses(make(name), new RegExp(`"${name}" is not an update filter`));
        else make(name)();
      }
    }
  });

  it("are checked when handlers are made and when streams are subscribed to, with a suggestion", () => {
    const mistakes = {
      "message:foto": "message:photo",
      "message:photo:captoin": "message:photo:caption",
      "callback_query:dta": "callback_query:data",
      "message_media_group:vidoe": "message_media_group:video",
      "message_media_group:photos": "message_media_group:photo",
    };
    const streams = updateStreams() as unknown as { on(name: string): unknown };
    for (const [name, meant] of Object.entries(mistakes)) {
      const message = new RegExp(`"${name}" is not an update filter\\. Did you mean "${meant}"\\?`);
      refuses(make(name), message);
      refuses(() => streams.on(name), message);
    }
    refuses(make("message_media_group:animation"), /"message_media_group:animation" is not an update filter/);
    refuses(make("message_media_group:photo:caption"), /is not an update filter/);
  });
});
