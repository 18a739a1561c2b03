import assert from "node:assert/strict";
import { it } from "node:test";
import { webhook } from "../../mod.ts";
import { CallContext } from "../../src/receiver/call_context.ts";
import { RunningCall, RunningCalls } from "../../src/runner/running_calls.ts";
import { WaitingUpdate, WaitingUpdates } from "../../src/runner/waiting_updates.ts";
import { MemoryStore } from "../../src/store/memory/memory_store.ts";
import type { Added, AddMode, StoreEntry } from "../../src/store/inbox_store.ts";
import { message } from "./bot.ts";

const MANY = 300;

/** Like one on a server, which takes what is new, and fails when it is to adopt an update. */
class Failing extends MemoryStore {
  override readonly isShared: false = true as unknown as false;
  adoptions = 0;

  override add(entry: StoreEntry, mode: AddMode): Added {
    if (mode !== "adopt") return super.add(entry, mode);
    this.adoptions++;
    throw new Error("The server is away");
  }
}

it("hundreds that a store fails to adopt are looked through together, not once for each", async (t) => {
  const store = new Failing();
  const hook = webhook(() => new Promise<void>(() => {}), {
    ...{ secretToken: null, store, acknowledgeWithinMs: 100, log: false, onError: () => {} },
  });
  const { values } = WaitingUpdates.prototype;
  let looks = 0;
  WaitingUpdates.prototype.values = function () {
    looks++;
    return values.call(this);
  };
  t.after(() => void (WaitingUpdates.prototype.values = values));
  const received = Array.from({ length: MANY }, (_, n) => hook.receive(message(n + 1)).catch(() => {}));
  await Promise.all(received);
  assert.ok(store.adoptions >= 2 * MANY, `${store.adoptions} times it was asked`);
  assert.ok(looks < MANY, `${looks} looks`);
  await hook.close({ timeoutMs: 0 });
});

it("the call of each of many that are overdue is found without looking through all that run", () => {
  const calls = new RunningCalls(
    { concurrency: MANY, warnAfterMs: Infinity, handlerTimeoutMs: Infinity, isOneOfMany: false },
    () => {},
  );
  let looks = 0;
  const senders = Array.from({ length: MANY }, (_, n) => {
    const sender = new WaitingUpdate(message(n), n, undefined, 0, "receiver");
    const call = new RunningCall(new CallContext(1, false, undefined), message(n), 0, sender, undefined);
    let behind: RunningCall | undefined;
    Object.defineProperty(call, "behind", {
      get() {
        looks++;
        return behind;
      },
      set: (next) => behind = next,
    });
    calls.begin(call);
    return sender;
  });
  for (const sender of senders) calls.setBatchOf(sender, undefined);
  assert.ok(senders.every(({ id }) => calls.get(id)?.sender?.id === id));
  assert.ok(looks < MANY, `${looks} looks`);
});
