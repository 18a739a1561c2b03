import assert from "node:assert/strict";
import { test } from "node:test";
import type { MediaGroupUpdate } from "../../mod.ts";
import { DemoAudience } from "../../src/cli/demo_audience.ts";
import { type Scene, story } from "../../src/cli/demo_story.ts";
import { startTestBotApi } from "../../src/testing/mod.ts";
import { runCli, startCli } from "./run_cli.ts";

test("the demo, which is what no command means, shows every update once, albums merged", async (t) => {
  const { code, stdout, stderr } = await runCli(t, []);

  assert.equal(stderr, "");
  assert.equal(code, 0);
  const rows = stdout.split("\n").map((line) => /^ *[\d.]+ ms {2}(\w+) +(.*)$/.exec(line)).filter((row) =>
    row !== null
  );
  assert.deepEqual(rows.map((row) => row[1]).sort(), [
    "callback_query",
    "channel_post_media_group",
    "edited_message",
    "hologram",
    "message",
    "message",
    "message_media_group",
  ]);
  const annas = rows.map((row) => row[2]).filter((text) => text?.startsWith("Anna:"));
  assert.deepEqual(annas, [
    "Anna: Hello! Is anyone ther?",
    "Anna: /start hike",
    "Anna: album of 4 photos",
    "Anna: Hello! Is anyone there?",
  ]);
  assert.match(
    stdout,
    /album of 4 photos\n +1\. photo "Sunrise over the lake"\n +2\. photo\n +3\. photo "Lunch at the hut"\n +4\. photo\n/,
  );
  assert.match(stdout, /album of 3 parts\n +1\. photo "The pass is open again"\n +2\. video\n +3\. photo\n/);
  assert.match(stdout, /12 deliveries became 7 calls of your handlers/);
  assert.ok(!stdout.includes("\x1b"), "no colors where there is no terminal");
  for (const line of stdout.split("\n")) assert.ok(line.length <= 80, line);
});

test("the demo notices what is lost, changed, repeated or overtaken", async (t) => {
  const telegram = await startTestBotApi();
  t.after(() => telegram.close());
  const scenes: Scene[] = [];
  for await (const scene of story(telegram)) {
    scenes.push(scene);
    if (scene.handler === "channel_post_media_group") break; // what follows needs a bot that answers
  }
  const [hello, command, album, edit, post] = scenes.map(heardAs);
  assert.ok(hello && command && album && edit && post);

  const complaints = (...heard: ReturnType<typeof heardAs>[]) => {
    const audience = new DemoAudience();
    for (const { handler, update } of heard) audience.hears(handler, update);
    // Nothing was delivered over a connection here, of which it complains as well.
    return audience.complaints(scenes).filter((each) => !/not acknowledged immediately/.test(each));
  };
  assert.deepEqual(complaints(hello, command, album, edit, post), []);
  assert.deepEqual(complaints(post, hello, command, album, edit), [], "chats overtake each other rightly");
  assert.match(complaints(hello, command, edit, post).join(), /"message_media_group" did not receive/);
  assert.match(complaints(hello, hello, command, album, edit, post).join(), /arrived twice/);
  assert.match(complaints(hello, command, edit, album, post).join(), /"edited_message" was handled before/);
  const torn = { ...album, update: withoutLastPart(album.update) };
  assert.match(complaints(hello, command, torn, edit, post).join(), /received something else/);
  assert.match(new DemoAudience().complaints(scenes).join(), /not acknowledged immediately/);
});

function heardAs({ handler, deliveries }: Scene) {
  const updates = deliveries.map(({ update }) => update);
  const [first] = updates;
  assert.ok(first);
  const update = updates.length > 1 ? { update_id: first.update_id, [handler]: { updates } } : first;
  return { handler, update };
}

function withoutLastPart(update: { update_id: number; [kind: string]: unknown }) {
  const album = update as unknown as Extract<MediaGroupUpdate, { message_media_group: unknown }>;
  return {
    update_id: album.update_id,
    message_media_group: { updates: album.message_media_group.updates.slice(0, -1) },
  };
}

test("demo --inspect goes on until a signal, and shows the conversation on a page", async (t) => {
  const cli = startCli(t, ["demo", "--inspect"], {});
  const [, page = ""] = await cli.printed("stdout", /Inspector: (\S+)\n/);
  await cli.printed("stderr", /until Ctrl-C/);
  const { row } = await (await fetch(`${page}delivery/1`)).json();
  assert.equal(row.state, "done");
  const { findings } = await (await fetch(`${page}telegram`)).json();
  assert.ok(findings.some(({ code }: { code: string }) => code === "subscribed"));
  cli.signal("SIGTERM");
  assert.equal(await cli.ended, 0);
});
