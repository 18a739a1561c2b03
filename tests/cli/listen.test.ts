import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { deriveSecretToken } from "../../mod.ts";
import { freePort } from "../../src/testing/free_port.ts";
import { postUpdate } from "../../src/cli/post_update.ts";
import { startTestBotApi } from "../../src/testing/mod.ts";
import { startCli, startCliUnread } from "./run_cli.ts";

test("listen --json registers, prints an update a line, and hands over a pending album at SIGTERM", async (t) => {
  const telegram = await startTestBotApi();
  t.after(() => telegram.close());
  const port = await freePort();
  const url = `http://127.0.0.1:${port}/hook`;
  const cli = startCli(t, ["listen", "--json", "--url", url, "--host", "127.0.0.1", "--port", String(port)], {
    BOT_TOKEN: telegram.token,
    TELEGRAM_API_ROOT: telegram.apiRoot,
  });
  await cli.printed("stderr", /Listening on .*Telegram delivers to http.*\n/);
  assert.equal(telegram.webhook?.secretToken, await deriveSecretToken(telegram.token));

  const anna = telegram.user({ first_name: "Anna" });
  await anna.sends("One\nline \u{1f600}");
  const album = anna.sendsAlbum([{ photo: true, caption: "First" }, { photo: true }]);
  await album; // each part was acknowledged, and the album waits for more
  cli.signal("SIGTERM");

  assert.equal(await cli.ended, 0);
  const lines = cli.stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
  assert.equal(lines.length, 2);
  assert.equal(lines[0].message.text, "One\nline \u{1f600}");
  assert.deepEqual(
    lines[1].message_media_group.messages.map(({ message_id }: { message_id: number }) => message_id),
    album.messages.map(({ message_id }) => message_id),
  );
  assert.match(cli.stderr, /SIGTERM: closing/);
  assert.equal(telegram.webhook?.url, url, "closing leaves the webhook");
  assert.doesNotMatch(cli.stdout + cli.stderr, /TEST-TOKEN|proxy/);
});

test("listen without a bot token only listens, says what it refuses, and ends after one update with --once", async (t) => {
  const cli = startCli(t, ["listen", "--once"], {
    WEBHOOK_SECRET: "a-secret-for-the-test",
    PORT: "0",
    HOST: "127.0.0.1",
  });
  const [, url = ""] = await cli.printed("stderr", /Listening on (\S+)\n/);
  const update = {
    update_id: 1,
    message: {
      message_id: 1,
      date: 0,
      chat: { id: 1, type: "private", first_name: "Eve" },
      text: "\x1b[2Jhi",
    },
  };
  const stranger = await postUpdate(update, { url, secretToken: "wrong", certificate: undefined });
  assert.equal("answer" in stranger && stranger.answer.status, 401);
  await cli.printed("stderr", /Refused with 401: /);
  const telegram = await postUpdate(update, {
    url,
    secretToken: "a-secret-for-the-test",
    certificate: undefined,
  });
  assert.equal("answer" in telegram && telegram.answer.status, 200);

  assert.equal(await cli.ended, 0);
  assert.match(cli.stdout, /^\d\d:\d\d:\d\d {2}message +Eve: ·\[2Jhi\n$/, "control characters are taken out");
  assert.doesNotMatch(cli.stderr, /a-secret-for-the-test/);
});

test("listen ends quietly when nobody reads its output any more, and keeps the update with Telegram", async (t) => {
  const cli = startCliUnread(t, ["listen", "--json", "--no-secret", "--host", "127.0.0.1", "--port", "0"]);
  const [, url = ""] = await cli.printed("stderr", /Listening on (\S+)\n/);
  const options = { url, secretToken: null, certificate: undefined };
  const result = await postUpdate({ update_id: 1, message: { text: "lost?" } }, options);

  assert.ok(!("answer" in result) || result.answer.status >= 500);
  await cli.printed("stderr", /^code 0$/m);
  assert.doesNotMatch(cli.stderr, /EPIPE|Error| at /);
});

test("a second signal ends at once what does not come to its end", async (t) => {
  const cli = startCli(t, [], {}, fileURLToPath(new URL("./never_closes.ts", import.meta.url)));
  await cli.printed("stdout", /ready/);
  cli.signal("SIGINT");
  await cli.printed("stdout", /closing at SIGINT/);
  await new Promise((resolve) => setTimeout(resolve, 600)); // within half a second, it is the same key press
  cli.signal("SIGTERM");
  assert.equal(await cli.ended, 143);
});

test("listen without a certificate says that a proxy must speak HTTPS, if that is what Telegram is told", async (t) => {
  const telegram = await startTestBotApi();
  t.after(() => telegram.close());
  const env = { BOT_TOKEN: telegram.token, TELEGRAM_API_ROOT: telegram.apiRoot };
  const args = ["listen", "--host", "127.0.0.1", "--port", "0", "--url", "https://127.0.0.1:9/hook"];
  const cli = startCli(t, args, env);
  await cli.printed("stderr", /Listening on .*\n/);
  cli.signal("SIGTERM");
  assert.equal(await cli.ended, 0);
  assert.match(
    cli.stderr,
    /\nIt speaks plain HTTP: a proxy before it must speak HTTPS for 127\.0\.0\.1:9 and pass on to port \d+\n/,
  );
});
