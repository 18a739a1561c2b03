// Another process on the same file, as the tests of the store start it: `<task> <file> <log>`.
import { type Batch, sqliteStore } from "../../mod.ts";
import { entry, ids } from "../../src/testing/store/trial.ts";
import { openDatabase } from "./sqlite_store_files.ts";

const [task, file = "", log = ""] = process.argv.slice(2);
const store = sqliteStore(file, { leaseMs: task === "freeze" ? 400 : 3_600_000 });
const say = (text: string) => void process.stdout.write(`${text}\n`);
await store.open({
  wake: () => {},
  lost: (batch) => say(`lost ${ids(batch)}`),
  failed: (error) => say(`failed ${error}`),
});

/** Claims two batches and adopts an update, and then does nothing until it is killed. */
async function claimAndHang(): Promise<void> {
  await store.claim(2, 0);
  await store.add(entry(100, { lane: "adopted" }), "adopt");
  say("claimed");
  setInterval(() => {}, 60_000);
}

/** Claims a batch, is stopped and continued by the test, and tries to handle it then. */
async function freeze(): Promise<void> {
  const [batch] = await store.claim(1, 0);
  say("claimed");
  process.stdin.once("data", async () => {
    if (batch !== undefined) await store.complete(batch, false);
    const { updates } = await store.stats();
    say(`left ${updates}`);
    await store.close();
    process.exit();
  });
}

/** Asks for each update of a lane whether it is alone, for as long as the test adds nothing to the lane. */
async function ask(): Promise<void> {
  say(`alone ${await store.add(entry(1_000_000, { lane: "theirs" }), "behind")}`);
  for (let id = 1_000_001;; id++) {
    const added = await store.add(entry(id, { lane: "shared" }), "behind");
    if (added !== "alone") {
      say(`not alone ${added}`);
      break;
    }
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await store.close();
}

/** Handles what is due until nothing is left, and writes down when it begins and ends with each. */
async function handleAll(): Promise<void> {
  const database = openDatabase(log);
  database.exec("PRAGMA synchronous = OFF; PRAGMA busy_timeout = 30000");
  const write = database.prepare("INSERT INTO log (what, id) VALUES (?, ?)");
  let next: Batch | undefined;
  while (true) {
    const batch: Batch | undefined = next ?? (await store.claim(1, 0))[0];
    next = undefined;
    if (batch === undefined) {
      if ((await store.stats()).updates === 0) break;
      await new Promise((resolve) => setTimeout(resolve, 2));
      continue;
    }
    for (const id of ids(batch)) write.run("begin", id);
    for (const id of ids(batch)) write.run("end", id);
    next = await store.complete(batch, ids(batch)[0] !== undefined && (ids(batch)[0] ?? 0) % 2 === 0);
  }
  database.close();
  await store.close();
}

if (task === "hang") await claimAndHang();
else if (task === "freeze") await freeze();
else if (task === "ask") await ask();
else await handleAll();
