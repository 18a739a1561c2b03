import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { describe } from "node:test";
import { message } from "../inbox/bot.ts";
import { test } from "../scoped_it.ts";
import { SECRET } from "../serve/raw_connection.ts";
import { ServerProcess } from "../serve/server_process.ts";
import type { ServeOptions } from "../../mod.ts";
import type { TestScope } from "../../src/testing/store.ts";
import { blockOf, ENVIRONMENT, replace, whyNot, works } from "./documented.ts";

test("the systemd unit in docs/deployment.md has no fault", whyNot("systemd-analyze"), (t) => {
  const directory = mkdtempSync(join(tmpdir(), "telehook-unit-"));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const unit = join(directory, "bot.service");
  writeFileSync(unit, replace(blockOf("systemd"), { "/usr/bin/node": process.execPath }));
  const { status, stdout, stderr } = spawnSync("systemd-analyze", ["verify", "--man=no", unit], {
    ...{ env: ENVIRONMENT, encoding: "utf8" },
  });
  assert.deepEqual([status, stdout, stderr], [0, "", ""]);
});

describe("a bot with the process id 1, as in a container,", () => {
  const skip = works("unshare", "--fork", "--pid", "true") ? undefined : "may not make a namespace";

  /** Starts a bot that handles an update for 300 ms, and sends it SIGTERM meanwhile, as `docker stop` does. */
  async function stop(t: TestScope, closeOnSignals: ServeOptions["closeOnSignals"]): Promise<ServerProcess> {
    const inside = 'exec unshare --fork --pid --kill-child "$0" "$@";';
    const bot = await ServerProcess.start(t, { handlerMs: 300, serve: { closeOnSignals } }, inside);
    const id = Number(readFileSync(`/proc/${bot.pid}/task/${bot.pid}/children`, "utf8"));
    const answered = fetch(`http://127.0.0.1:${bot.port}/`, {
      method: "POST",
      headers: { "content-type": "application/json", "x-telegram-bot-api-secret-token": SECRET },
      body: JSON.stringify(message(1)),
    });
    await bot.until(() => bot.output.includes('"running":1'), "a handler");
    process.kill(id, "SIGTERM");
    const answer = await answered;
    await answer.body?.cancel();
    assert.equal(answer.status, 200);
    return bot;
  }

  test("ends at SIGTERM when its handlers have ended, with closeOnSignals", skip, async (t) => {
    const bot = await stop(t, { timeoutMs: 30_000 });
    assert.equal(await bot.exited, 0);
    assert.match(bot.output, /"closed":true/);
  });

  test("ignores SIGTERM without it", skip, async (t) => {
    const bot = await stop(t, false);
    assert.equal(bot.hasExited, false);
  });
});
