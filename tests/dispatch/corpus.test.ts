import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it, type TestContext } from "node:test";
import {
  ALL_MEDIA_GROUP_KINDS,
  ALL_UPDATE_KINDS,
  type Receiver,
  type UpdateHandlers,
  updateHandlers,
  updateStreams,
} from "../../mod.ts";
import { liveServer } from "./live_server.ts";
import { readAll } from "./updates.ts";

type AnyUpdate = { readonly update_id: number; readonly [kind: string]: unknown };

/** An update and what is known of it, found out by others than us. */
interface Sample {
  readonly kind: string;
  readonly content: string | null;
  readonly album?: boolean;
  readonly update: AnyUpdate;
}

/** The one kind of which nobody has collected an update yet. */
const MISSING: Sample = {
  kind: "stopped_message_generation",
  content: null,
  update: { update_id: 0, stopped_message_generation: { chat: { id: 42, type: "private" }, draft_id: 1 } },
};

/** Real updates, and some that depart from the documentation. Ids repeat among them, so each gets a new one. */
const corpus: readonly Sample[] = readFileSync(new URL("../fixtures/corpus.jsonl", import.meta.url), "utf8")
  .trimEnd().split("\n").map((line): Sample => JSON.parse(line)).concat(MISSING)
  .map((sample, index) => ({ ...sample, update: { ...sample.update, update_id: index + 1 } }));

/** Time passes by deliveries alone, so that every run completes albums at the same places. */
const mediaGroups = { quietMs: 2 ** 30, maxWaitMs: 2 ** 30 };

/** Delivers the corpus, one update after the other, and closes, which completes the last albums. */
async function deliver(t: TestContext, receiver: Receiver, merge: boolean): Promise<void> {
  const { server, connect } = await liveServer(t, receiver, { mediaGroups: merge && mediaGroups });
  const connection = await connect();
  for (const { update } of corpus) assert.equal((await connection.deliver({ update })).status, 200);
  connection.destroy();
  await server.close();
}

const isUnknown = ({ kind }: Sample) => kind.startsWith("unknown:");

/** Every field that the corpus says an update has, as the name of a filter. */
const contentFilters = [...new Set(corpus.filter((each) => !isUnknown(each)).flatMap(contentFilterOf))];

/** `service:` marks a content that is no content to people; `unknown:` one that nobody has documented. */
function contentFilterOf({ kind, content }: Sample): string[] {
  if (content === null || content === "empty" || content.startsWith("unknown:")) return [];
  return [`${kind}:${content.replace("service:", "")}`];
}

function handlersOf(
  names: readonly string[],
  handle: (name: string, update: object) => void,
): UpdateHandlers {
  return Object.fromEntries(names.map((name) => [name, (update: object) => handle(name, update)]));
}

describe("the corpus", () => {
  it("covers every kind", () => {
    const kinds = new Set(corpus.map(({ kind }) => kind));
    const missing = ALL_UPDATE_KINDS.filter((kind) => !kinds.has(kind));
    assert.deepEqual(missing, []);
    assert.ok(corpus.length > 400 && corpus.some(isUnknown) && contentFilters.length > 100);
  });

  it("reaches exactly the handlers that its content calls for, untouched", async (t) => {
    const calls = new Map<number, string[]>();
    const updates = new Map<number, object>();
    const names = [...ALL_UPDATE_KINDS, "unknown", ...contentFilters];
    const bot = updateHandlers(handlersOf(names, (name, update) => {
      const id = (update as AnyUpdate).update_id;
      calls.set(id, [...calls.get(id) ?? [], name]);
      updates.set(id, update);
    }));
    await deliver(t, bot, false);

    for (const sample of corpus) {
      const { update_id: id, [sample.kind]: content } = sample.update;
      const expected = isUnknown(sample) ? ["unknown"] : [
        sample.kind,
        ...contentFilters.filter((name) => {
          const [kind, field = ""] = name.split(":");
          return kind === sample.kind && Object.keys(content as object).includes(field);
        }),
      ];
      assert.deepEqual(calls.get(id), expected, `line ${id}`);
      for (const name of contentFilterOf(sample)) assert.ok(expected.includes(name), `line ${id}: ${name}`);
      assert.deepEqual(updates.get(id), sample.update, `line ${id}`);
    }
    assert.equal(calls.size, corpus.length);
  });

  it("is the same, in the same order, for handlers, streams and a plain function", async (t) => {
    const byFunction: object[] = [];
    const byHandlers: object[] = [];
    await deliver(t, (update) => void byFunction.push(update), true);
    const names = [...ALL_UPDATE_KINDS, ...ALL_MEDIA_GROUP_KINDS, "unknown"];
    await deliver(
      t,
      updateHandlers(handlersOf(names, (_name, update) => void byHandlers.push(update))),
      true,
    );

    const streams = updateStreams({ bufferSize: 10 });
    const all = readAll(streams.all());
    const known = readAll(streams.on("message", ...ALL_UPDATE_KINDS, ...ALL_MEDIA_GROUP_KINDS));
    const unknown = readAll(streams.unknown());
    const parts = readAll(streams.all({ mediaGroups: false }));
    await deliver(t, streams, true);
    streams.close();

    const albums = byFunction.filter((update) =>
      Object.keys(update).some((key) => key.endsWith("_media_group"))
    );
    assert.ok(albums.length >= 10);
    assert.deepEqual(byHandlers, byFunction);
    assert.deepEqual(await all, byFunction);
    const unknownIds = new Set(corpus.filter(isUnknown).map(({ update }) => update.update_id));
    assert.deepEqual(
      await known,
      byFunction.filter((update) => !unknownIds.has((update as AnyUpdate).update_id)),
    );
    assert.deepEqual(await unknown, corpus.filter(isUnknown).map(({ update }) => update));
    const byId = (await parts).toSorted((a, b) => a.update_id - b.update_id);
    assert.deepEqual(byId, corpus.map(({ update }) => update));
  });
});
