import assert from "node:assert/strict";
import { test } from "node:test";
import { GiveUp, sqliteStore, webhook } from "../../mod.ts";
import { message } from "../inbox/bot.ts";
import { freshPath, hasSqlite } from "../store/sqlite_store_files.ts";
import { runInProcess } from "./run_in_process.ts";

const skip = !hasSqlite && "node:sqlite takes Node 22.13";

test("parked, replay and discard work on the file of a running bot", { skip }, async (t) => {
  const path = freshPath(t);
  const handled: string[] = [];
  const hook = webhook((update, { isReplay }) => {
    if (!isReplay) throw new GiveUp("nobody understands this");
    handled.push(`replay ${update.update_id}`);
  }, { secretToken: null, store: sqliteStore(path), onError: () => {} });
  await hook.receive(message(1, { text: "one" }));
  await hook.receive(message(2, { text: "two" }));

  const { code, stdout } = await runInProcess(["parked", path]);
  assert.equal(code, 0);
  assert.match(stdout, /^1 .*one.*\(1 attempt: GiveUp: nobody understands this\)$/m);
  assert.equal(stdout.trimEnd().split("\n").length, 2);
  const { stdout: json } = await runInProcess(["parked", path, "--json"]);
  const [first] = json.trimEnd().split("\n").map((line) => JSON.parse(line));
  assert.deepEqual([first.id, first.updates[0].message.text], [1, "one"]);

  assert.equal((await runInProcess(["discard", path, "2"])).code, 0);
  assert.equal((await runInProcess(["discard", path, "2", "--json"])).stdout, '{"id":2,"isThere":false}\n');
  assert.equal((await runInProcess(["replay", path, "1"])).code, 0);
  while (handled.length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
  assert.deepEqual(handled, ["replay 1"]);
  assert.match((await runInProcess(["parked", path])).stderr, /No update is parked/);
  await hook.close();
});

test("parked refuses what is missing, and creates no file", async () => {
  for (const args of [["parked"], ["replay", "/nowhere/bot.db"], ["discard", "/nowhere/bot.db", "x"]]) {
    assert.equal((await runInProcess(args)).code, 2, args.join(" "));
  }
  const { code, stderr } = await runInProcess(["parked", "/nowhere/bot.db"]);
  assert.equal(code, 1);
  assert.match(stderr, /There is no file "\/nowhere\/bot\.db"/);
});
