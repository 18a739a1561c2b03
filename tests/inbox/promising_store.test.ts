import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Batch, type StoreEntry, webhook } from "../../mod.ts";
import { gate, Log, message, part, word } from "./bot.ts";
import { PromisingStore } from "./promising_store.ts";

const turn = () => new Promise<void>((resolve) => setTimeout(resolve, 0));

describe("a store whose answers take a while", () => {
  it("does not let an update begin twice that comes twice while the store looks", async () => {
    const log = new Log();
    const looked = gate();
    const store = new PromisingStore(async (ask) => {
      await looked.opened;
      return ask();
    });
    const hook = webhook((update) => log.add(word(update)), { secretToken: null, store });
    const both = [hook.receive(message(1)), hook.receive(message(1))];
    await turn();
    assert.deepEqual(log.words, [], "nothing begins before the store has looked");
    assert.equal(hook.stats().unanswered, 1);
    looked.open();
    await Promise.all(both);
    assert.deepEqual(log.words, ["1"]);
    assert.deepEqual([hook.stats().handled, hook.stats().duplicates], [1, 1]);
    await hook.close();
  });

  it("answers 500 where it cannot look, and takes the update when it comes again", async () => {
    const log = new Log();
    let isWell = false;
    const store = new PromisingStore((ask) =>
      isWell ? Promise.resolve(ask()) : Promise.reject(new Error("out of order"))
    );
    const errors: unknown[] = [];
    const onError = (error: unknown) => void errors.push(error);
    const hook = webhook((update) => log.add(word(update)), { secretToken: null, store, onError });
    await assert.rejects(hook.receive(message(1)), /out of order/);
    assert.deepEqual([log.words, errors.length, hook.stats().unanswered], [[], 1, 0]);
    isWell = true;
    await hook.receive(message(1));
    assert.deepEqual(log.words, ["1"]);
    await hook.close();
  });

  it("has nothing handed over after closing that it still looked for", async () => {
    const looked = gate();
    class SlowToLook extends PromisingStore {
      override async look(): Promise<"nothing"> {
        await looked.opened;
        return "nothing";
      }
    }
    const store = new SlowToLook((ask) => Promise.resolve(ask()));
    const hook = webhook(() => assert.fail("It is closed"), {
      secretToken: null,
      store,
      onError: assert.fail,
    });
    const told = assert.rejects(hook.receive(message(1)), { code: "ERR_CLOSED" });
    await hook.close({ timeoutMs: 0 });
    await told;
    looked.open();
    await turn();
    assert.equal(hook.stats().handled, 0);
  });

  it("keeps albums whole, and before what follows them", async () => {
    const log = new Log();
    const store = new PromisingStore(async (ask) => {
      await turn();
      return ask();
    });
    const hook = webhook((update) => log.add(word(update)), {
      secretToken: null,
      store,
      mediaGroups: { quietMs: 60_000, maxWaitMs: 60_000 },
    });
    for (const update of [message(1), part(2, "a"), part(3, "a"), message(4), part(5, "b"), message(6)]) {
      await hook.receive(update);
    }
    assert.deepEqual(log.words, ["1", "[2 3]", "4", "[5]", "6"]);
    await hook.close();
  });
});

it("a slow update is held once, though its receiver ends while the store is still taking it", async () => {
  const taking = gate();
  const asked = gate();
  let times = 0;
  class SlowToHold extends PromisingStore {
    override async hold(entry: StoreEntry): Promise<Batch> {
      times++;
      asked.open();
      await taking.opened;
      return super.hold(entry);
    }
  }
  const slow = gate();
  const store = new SlowToHold((ask) => Promise.resolve(ask()));
  const hook = webhook(() => slow.opened, { secretToken: null, store, acknowledgeWithinMs: 1 });
  const received = hook.receive(message(1));
  await asked.opened;
  slow.open();
  await turn();
  await hook.receive(message(2, { chat: { id: 43, type: "private" } })); // whose time limit makes them look again
  await new Promise((resolve) => setTimeout(resolve, 10)); // ten times as long
  taking.open();
  await received;
  await hook.close();
  assert.deepEqual([times, store.updates], [1, 0]);
});

it("a reply is reported if nobody waits for it, because the store did not take its slow update", async () => {
  const slow = gate();
  const errors: unknown[] = [];
  class FullStore extends PromisingStore {
    override hold(): Promise<never> {
      return Promise.reject(new Error("full"));
    }
  }
  const store = new FullStore((ask) => Promise.resolve(ask()));
  const hook = webhook(async () => {
    await slow.opened;
    return { method: "sendMessage" };
  }, { secretToken: null, store, acknowledgeWithinMs: 1, onError: (error) => void errors.push(error) });
  await assert.rejects(hook.receive(message(1)), /full/);
  slow.open();
  await hook.close();
  assert.match(String(errors.at(-1)), /The webhook reply "sendMessage" cannot be sent/);
});
