import { MemoryStore } from "../../src/store/memory_store.ts";
import { storeSuite } from "./store_suite.ts";

storeSuite("MemoryStore", (t) => {
  const store = new MemoryStore();
  t.after(() => void store.close());
  return store;
});
