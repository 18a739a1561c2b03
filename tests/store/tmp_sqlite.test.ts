import { testStore } from "../../src/testing/store.ts";
import { sqliteStore } from "../../src/store/sqlite/sqlite_store.ts";
import { SqliteInboxStore } from "../../src/store/sqlite/sqlite_inbox_store.ts";
import { tmpdir } from "node:os"; import { join } from "node:path"; import { rmSync } from "node:fs";
testStore({ name: "sqliteStore", isDurable: true, isShared: true, leaseMs: 30_000,
  make: (place, t) => { const path = join(tmpdir(), place + ".db"); t.after(() => { for (const s of ["", "-wal", "-shm"]) rmSync(path + s, { force: true }) }); return sqliteStore(path); },
  crash: (store) => { if (store instanceof SqliteInboxStore) store.abandon(); } });
