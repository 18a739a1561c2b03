import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { deriveSecretToken } from "../../mod.ts";
import { freePort } from "../../src/testing/free_port.ts";
import { postUpdate } from "../../src/cli/post_update.ts";
import { startTestBotApi } from "../../src/testing/mod.ts";
import { startCli, startCliUnread, startShell } from "./run_cli.ts";
import { runInProcess } from "./run_in_process.ts";

test("listen --json registers, prints an update a line, and delivers a pending album at SIGTERM", async (t) => {
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
  assert.match(cli.stderr, /SIGTERM: finishing the updates in progress/);
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

test("listen ends quietly when nobody reads its output any longer, and keeps the update with Telegram", async (t) => {
  const cli = startCliUnread(t, ["listen", "--json", "--no-secret", "--host", "127.0.0.1", "--port", "0"]);
  const [, url = ""] = await cli.printed("stderr", /Listening on (\S+)\n/);
  const options = { url, secretToken: null, certificate: undefined };
  const result = await postUpdate({ update_id: 1, message: { text: "lost?" } }, options);

  assert.ok(!("answer" in result) || result.answer.status >= 500);
  await cli.printed("stderr", /^code 0$/m);
  assert.doesNotMatch(cli.stderr, /EPIPE|Error| at /);
});

test("a second signal immediately ends a close that hangs", async (t) => {
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
    /\nThis server uses plain HTTP: a reverse proxy must terminate HTTPS for 127\.0\.0\.1:9 and forward to port \d+\n/,
  );
});

test("listen --json prints nothing that a terminal obeys, and the reader gets the exact text", async (t) => {
  const cli = startCli(t, [
    "listen",
    "--json",
    "--once",
    "--no-secret",
    "--host",
    "127.0.0.1",
    "--port",
    "0",
  ]);
  const [, url = ""] = await cli.printed("stderr", /Listening on (\S+)\n/);
  const message = { text: "a\x1b[2Jb\x9b31mc\u202ed\u2066e\u200ff\x7f \u{1f600}" };
  const result = await postUpdate({ update_id: 1, message }, {
    url,
    secretToken: null,
    certificate: undefined,
  });
  assert.equal("answer" in result && result.answer.status, 200);
  assert.equal(await cli.ended, 0);
  const line = cli.stdout.replace(/\n$/, "");
  assert.doesNotMatch(line, /[\p{Cc}\u200f\u202e\u2066]/u);
  assert.deepEqual(JSON.parse(line).message, message);
});

for (const format of [[], ["--json"]]) {
  const name = ["listen", ...format].join(" ");

  test(`${name} goes on when the disk is full: the updates stay with Telegram`, async (t) => {
    if (!existsSync("/dev/full")) return t.skip("there is no /dev/full");
    const cli = startShell(t, 'exec "$@" > /dev/full', [
      ...["listen", ...format, "--no-secret", "--host", "127.0.0.1", "--port", "0"],
    ]);
    const [, url = ""] = await cli.printed("stderr", /Listening on (\S+)\n/);
    const post = async (update_id: number) => {
      const update = { update_id, message: { text: "lost?" } };
      const result = await postUpdate(update, { url, secretToken: null, certificate: undefined });
      return "answer" in result && result.answer.status;
    };
    assert.deepEqual([await post(1), await post(2)], [500, 500]);
    await cli.printed(
      "stderr",
      /Update 2 failed and will be tried again: there is no space left on the device\n/,
    );
    assert.match(cli.stderr, /^telehook: cannot write: there is no space left on the device$/m);
    assert.doesNotMatch(cli.stderr, /ENOSPC|Error| at /);
    cli.signal("SIGTERM");
    await cli.ended;
  });

  test(
    `${name} acknowledges nothing and hears signals while nobody reads its output`,
    { skip: process.platform === "win32" },
    async (t) => {
      const directory = mkdtempSync(join(tmpdir(), "telehook-"));
      t.after(() => rmSync(directory, { recursive: true }));
      const cli = startShell(t, `mkfifo ${directory}/pipe && exec "$@" 1<> ${directory}/pipe`, [
        ...["listen", ...format, "--no-secret", "--host", "127.0.0.1", "--port", "0"],
      ]);
      const [, url = ""] = await cli.printed("stderr", /Listening on (\S+)\n/);
      const posts: Promise<unknown>[] = [];
      for (let isAnswered = true, update_id = 1; isAnswered; update_id++) { // until the pipe is full
        assert.ok(update_id < 2000, "all is acknowledged");
        const update = { update_id, message: { text: "x".repeat(50_000) } };
        const post = postUpdate(update, { url, secretToken: null, certificate: undefined });
        posts.push(post);
        isAnswered = await Promise.race([post.then(() => true), pause(1_000, false)]);
      }
      cli.signal("SIGTERM");
      await cli.printed("stderr", /SIGTERM: finishing/);
      await pause(600); // what comes sooner belongs to the same key press
      cli.signal("SIGTERM");
      assert.equal(await cli.ended, 143);
      await Promise.all(posts);
    },
  );
}

test("the secret token is read from a file, and never printed", async (t) => {
  const directory = mkdtempSync(join(tmpdir(), "telehook-"));
  t.after(() => rmSync(directory, { recursive: true }));
  const file = join(directory, "secret.txt");
  writeFileSync(file, "a-secret-from-a-file\n");
  const cli = startCli(t, ["listen", "--once", "--secret-file", file, "--host", "127.0.0.1", "--port", "0"]);
  const [, url = ""] = await cli.printed("stderr", /Listening on (\S+)\n/);
  const wrong = await runInProcess(["send", url], { WEBHOOK_SECRET: "another-secret" });
  assert.match(wrong.stdout, /401/);
  const right = await runInProcess(["send", url], { WEBHOOK_SECRET_FILE: file });
  assert.match(right.stdout, /Answered 200/);
  assert.equal(await cli.ended, 0);
  assert.doesNotMatch(cli.stderr + cli.stdout + right.stdout, /a-secret-from/);
});

test("listen --inspect serves a page that shows what arrives, and says where", async (t) => {
  const cli = startCli(t, ["listen", "--no-secret", "--inspect"], { PORT: "0", HOST: "127.0.0.1" });
  const [, url = ""] = await cli.printed("stderr", /Listening on (\S+)\n/);
  const [, page = ""] = await cli.printed("stderr", /Inspector: (\S+)\n/);
  assert.match(page, /^http:\/\/127\.0\.0\.1:\d+\/[0-9a-f]{32}\/$/);
  const chat = { id: 1, type: "private", first_name: "Eve" };
  const update = { update_id: 1, message: { message_id: 1, date: 0, chat, text: "Hi" } } as const;
  await postUpdate(update, { url, secretToken: null, certificate: undefined, connect: undefined });
  await cli.printed("stdout", /Eve: Hi\n/);
  const detail = await (await fetch(`${page}delivery/1`)).json();
  assert.deepEqual([detail.row.what, detail.row.state, detail.url], ["Eve: Hi", "done", url]);
  await fetch(url, { method: "POST", body: "{" });
  await cli.printed("stderr", /Refused with 4\d\d: .* \(from 127\.0\.0\.1, path "\/"\)\n/);
  cli.signal("SIGTERM");
  assert.equal(await cli.ended, 0);
});

for (const [what, args, isEnded] of [["SIGTERM", [], false], ["--once", ["--once"], true]] as const) {
  test(`listen finishes and ends by ${what} also while Telegram has not answered setWebhook`, async (t) => {
    const token = "123456789:TEST-TOKEN";
    const api = createServer();
    const asked = once(api, "request"); // and never answered
    await once(api.listen(0, "127.0.0.1"), "listening");
    t.after(() => {
      api.closeAllConnections();
      api.close();
    });
    const port = await freePort();
    const url = `http://127.0.0.1:${port}/hook`;
    const cli = startCli(t, ["listen", ...args, "--url", url, "--host", "127.0.0.1", "--port", `${port}`], {
      BOT_TOKEN: token,
      TELEGRAM_API_ROOT: `http://127.0.0.1:${(api.address() as AddressInfo).port}`,
    });
    await asked;
    const update = {
      update_id: 1,
      message: { message_id: 1, date: 0, chat: { id: 1, type: "private", first_name: "Eve" }, text: "Hi" },
    } as const;
    const secretToken = await deriveSecretToken(token);
    const result = await postUpdate(update, { url, secretToken, certificate: undefined });
    assert.equal("answer" in result && result.answer.status, 200);
    if (!isEnded) cli.signal("SIGTERM");
    assert.equal(await cli.ended, 0);
    assert.match(cli.stdout, /Hi/);
    if (!isEnded) assert.match(cli.stderr, /SIGTERM: finishing/);
  });
}
