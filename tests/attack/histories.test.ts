import { describe } from "node:test";
import { sqliteStore } from "../../mod.ts";
import { freshPath, hasSqlite } from "../store/sqlite_store_files.ts";
import { history, sharedMemory } from "./history.ts";
import { it } from "./patient_it.ts";

const SIZE = { chats: 8, each: 6 }; // bench/attack.ts has longer ones

describe("two instances on a store that fails keep every promise", () => {
  it("whatever happens, with one store in memory", () => history(1, sharedMemory(), SIZE));

  if (hasSqlite) {
    it("whatever happens, with one store in a file", async (t) => {
      const path = freshPath(t);
      await history(2, () => sqliteStore(path), SIZE);
    });
  }
});
