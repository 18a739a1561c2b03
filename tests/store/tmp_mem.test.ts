import { testStore } from "../../src/testing/store.ts";
import { MemoryStore } from "../../src/store/memory/memory_store.ts";
testStore({ name: "MemoryStore", isDurable: false, isShared: false, make: () => new MemoryStore() });
