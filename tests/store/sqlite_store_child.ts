// Another process on the same file, as the tests of the store start it: `<task> <file> <log>`.
import { sqliteStore } from "../../src/store/sqlite_store.ts";
import { openDatabase } from "./sqlite_store_files.ts";

const [task, file = "", log = ""] = process.argv.slice(2);
const store = sqliteStore(file, { leaseMs: 3_600_000 });

/** Claims two batches and puts an update there, and then does nothing until it is killed. */
async function claimAndHang(): Promise<void> {
  await store.claim();
  await store.claim();
  const chat = { id: 1, type: "private" } as const;
  await store.hold({
    update: { update_id: 100, message: { message_id: 1, date: 0, chat } },
    queue: "held",
    size: 1,
    failures: 0,
  });
  process.stdout.write("claimed\n");
  setInterval(() => {}, 60_000);
}

/** Handles what is due until nothing is left, and writes down when it begins and ends with each. */
async function handleAll(): Promise<void> {
  const database = openDatabase(log);
  const write = database.prepare("INSERT INTO log (what, id) VALUES (?, ?)");
  while (!store.isEmpty) {
    const batch = await store.claim();
    if (batch === undefined) {
      await new Promise((resolve) => setTimeout(resolve, Math.min(store.nextDueMs() ?? 1, 2)));
      continue;
    }
    for (const { update_id } of batch.updates) write.run("begin", update_id);
    for (const { update_id } of batch.updates) write.run("end", update_id);
    await store.complete(batch);
  }
  database.close();
  await store.close();
}

await (task === "hang" ? claimAndHang() : handleAll());
