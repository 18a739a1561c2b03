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

describe("a store that cannot take what has waited too long, when its turn comes meanwhile", () => {
  /** Refuses what waits, once somebody has let it. */
  class Refusing extends PromisingStore {
    readonly asked = gate();
    readonly refusing = gate();
    isFull = false;
    override async append(entry: StoreEntry): Promise<void> {
      if (!this.isFull) return super.append(entry);
      this.asked.open();
      await this.refusing.opened;
      throw new Error("full");
    }
  }
  const other = { chat: { id: 43, type: "private" } } as const;

  it("has it handed over without the store: behind an album, and where calls were taken", async () => {
    for (const [first, second] of [[part(1, "7"), message(2)], [message(1), message(2, other)]] as const) {
      const log = new Log();
      const slow = gate();
      const store = new Refusing((ask) => Promise.resolve(ask()));
      const hook = webhook(async (update) => {
        log.add(word(update));
        if (log.words.length === 1) await slow.opened;
      }, { secretToken: null, store, concurrency: 1, acknowledgeWithinMs: 20, onError: () => {} });
      const before = hook.receive(first);
      if ("media_group_id" in Object(Object(first).message)) await before;
      store.isFull = true;
      const waiting = hook.receive(second);
      await store.asked.opened;
      slow.open();
      await turn();
      store.refusing.open();
      await assert.rejects(waiting, /full/);
      await log.has(2);
      await hook.receive(second);
      assert.equal(log.words.length, 2, "its next delivery finds that it was handled");
      assert.deepEqual([hook.stats().unanswered, hook.stats().refused], [0, 1]);
      await Promise.allSettled([before, hook.close({ timeoutMs: 60_000 })]);
    }
  });

  it("is not asked again once the webhook is closed", async () => {
    const store = new Refusing((ask) => Promise.resolve(ask()));
    const errors: unknown[] = [];
    const started = gate();
    const hook = webhook(() => {
      started.open();
      return new Promise(() => {});
    }, {
      secretToken: null,
      store,
      concurrency: 1,
      acknowledgeWithinMs: 5,
      onError: (error) => void errors.push(error),
    });
    store.isFull = true;
    const answers = Promise.allSettled([hook.receive(message(1)), hook.receive(message(2, other))]);
    await started.opened;
    await store.asked.opened;
    await hook.close({ timeoutMs: 0 });
    await answers;
    const told = errors.length;
    store.refusing.open();
    await new Promise((resolve) => setTimeout(resolve, 30));
    assert.ok(errors.length <= told + 1, `${errors.length - told} errors after closing`);
  });
});

describe("closing", () => {
  it("does not wait for what turned out to be here already, which counts as a duplicate", async () => {
    const looked = gate();
    class Knowing extends PromisingStore {
      override async look(): Promise<"update"> {
        await looked.opened;
        return "update";
      }
    }
    const hook = webhook(assert.fail, {
      secretToken: null,
      store: new Knowing((ask) => Promise.resolve(ask())),
      onError: assert.fail,
    });
    const received = hook.receive(message(1));
    const closed = hook.close({ timeoutMs: 60_000 });
    looked.open();
    await Promise.all([received, closed]);
    assert.equal(hook.stats().duplicates, 1);
  });

  it("waits for an album that a durable store is still asked for, and for its receiver", async () => {
    class Durable extends PromisingStore {
      override readonly outlivesProcess: boolean = true;
    }
    const log = new Log();
    const store = new Durable(async (ask) => {
      const answer = ask();
      await turn();
      return answer;
    });
    const hook = webhook(async (update, { signal }) => {
      await turn();
      log.add(`${word(update)} ${signal.aborted}`);
    }, { secretToken: null, store, mediaGroups: { quietMs: 60_000, maxWaitMs: 60_000 } });
    await hook.receive(part(1, "7"));
    await hook.receive(part(2, "7"));
    await hook.close({ timeoutMs: 60_000 });
    assert.deepEqual([log.words, store.updates], [["[1 2] false"], 0]);
  });
});
