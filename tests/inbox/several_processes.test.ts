import assert from "node:assert/strict";
import { describe } from "node:test";
import {
  type Added,
  type AddMode,
  type Batch,
  GiveUp,
  type InboxStore,
  passOn,
  type ReceivedUpdate,
  type Receiver,
  type ReceiverFunction,
  RetryLater,
  type StoreEntry,
  type StoreHost,
  webhook,
  type WebhookEvent,
} from "../../mod.ts";
import { Failures } from "../../src/runner/failures.ts";
import { MemoryStore } from "../../src/store/memory/memory_store.ts";
import {
  assertPending,
  bot,
  codeOf,
  delivery,
  gate,
  inChat,
  Log,
  message,
  parkedIn,
  part,
  turn,
  word,
} from "./bot.ts";
import { type StoreHooks, WrappedStore } from "./wrapped_store.ts";
import { it } from "../scoped_it.ts";

/** One store in memory that several inboxes use, as processes share a database. */
class SharedStore {
  readonly #memory = new MemoryStore();
  readonly #hosts: StoreHost[] = [];

  constructor() {
    this.#memory.open({
      wake: (inMs) => this.#hosts.forEach((host) => host.wake(inMs)),
      lost: () => {},
      failed: assert.fail,
    });
  }

  /** The store as one of the processes has it. */
  client(hooks: StoreHooks = {}): WrappedStore {
    const memory = this.#memory;
    const opened = (host: StoreHost) => void this.#hosts.push(host);
    const store: InboxStore = {
      isDurable: true,
      isShared: true,
      get count() {
        return memory.count;
      },
      get chars() {
        return memory.chars;
      },
      open: opened,
      add: (entry: StoreEntry, mode: AddMode): Added => memory.add(entry, mode),
      claim: (most, quietExtraMs) => memory.claim(most, quietExtraMs),
      complete: (batch) => memory.complete(batch),
      retry: (batch, afterMs, tries) => memory.retry(batch, afterMs, tries),
      park: (batch, parking) => memory.park(batch, parking),
      parked: (after, most) => memory.parked(after, most),
      replay: (id) => memory.replay(id),
      discard: (id) => memory.discard(id),
      stats: () => memory.stats(),
      close: () => [],
    };
    return new WrappedStore(hooks, { isDurable: true, isShared: true, store });
  }

  /** The lease of a batch ends, since its process was silent for too long. */
  expire(batch: Batch, owner: WrappedStore): void {
    owner.host?.lost(batch);
    this.#memory.retry(batch, 0);
  }
}

/** The batches that a call of a store has claimed. */
function claimedBy(call: string, result: unknown): readonly Batch[] {
  if (call === "claim") return result as readonly Batch[];
  return call === "add" && typeof result === "object" ? [result as Batch] : [];
}

it("an update that another process has acknowledged is not lost if it fails here", async () => {
  const shared = new SharedStore();
  const slow = gate();
  const log = new Log();
  let hasFailed = false;
  const [first, second] = [shared.client(), shared.client()].map((store) =>
    bot(async (update) => {
      log.add(word(update));
      if (update.update_id === 1) await slow.opened;
      else if (!hasFailed) {
        hasFailed = true;
        throw new RetryLater({ afterMs: 1 });
      }
    }, { store, lane: () => "one" })
  ) as [ReturnType<typeof bot>, ReturnType<typeof bot>];
  const answers = [first.post(message(1)), first.post(message(2))];
  while (first.hook.stats().stored < 2) await turn();
  assert.equal(
    await second.post(message(2)),
    200,
    "its sender lost the connection to the first, and is done now",
  );
  slow.open();
  await log.has(3);
  assert.deepEqual(log.words, ["1", "2", "2"]);
  assert.deepEqual(await Promise.all(answers), [200, 200]);
  await Promise.all([first.hook.close(), second.hook.close()]);
});

describe("an album that a process of another version has put into the store is passed on as its parts", () => {
  const receivers: readonly [
    name: string,
    toReceiver: (handle: ReceiverFunction) => Receiver,
    options?: object,
  ][] = [
    ["by passOn", (handle) => passOn<ReceivedUpdate>(handle)],
    ["to a receiver that names no albums", (receive) => ({ allowedUpdates: ["message"], receive })],
    ["without mediaGroups", (handle) => handle, { mediaGroups: false }],
  ];
  for (const [name, toReceiver, options] of receivers) {
    it(name, async () => {
      const shared = new SharedStore();
      const log = new Log();
      const before = bot(() => assert.fail("It has closed"), {
        store: shared.client(),
        mediaGroups: { quietMs: 100 },
      });
      const fresh = webhook(toReceiver((update) => log.add(word(update))), {
        secretToken: null,
        store: shared.client(),
        ...options,
      });
      assert.equal((await fresh(delivery(inChat(1, 1)))).status, 200); // opens the store
      for (const id of [2, 3]) assert.equal(await before.post(part(id, "7")), 200);
      await before.hook.close({ timeoutMs: 0 });
      await log.has(3);
      assert.deepEqual(log.words, ["1", "2", "3"]);
      await fresh.close();
    });
  }
});

describe("what runs here or was handled here is not run here again", () => {
  it("when its lease has ended, and this process claims it once more", async () => {
    const slow = gate();
    const begun = gate();
    const again = gate();
    let runs = 0;
    let claimed: Batch | undefined;
    const shared = new SharedStore();
    const store = shared.client({
      after(call, result) {
        const [batch] = claimedBy(call, result);
        if (batch !== undefined && claimed !== undefined) again.open();
        claimed ??= batch;
        return result;
      },
    });
    const reasons: unknown[] = [];
    const { hook, post } = bot(async (_, { signal }) => {
      runs++;
      begun.open();
      await slow.opened;
      reasons.push(signal.reason);
    }, { store, acknowledge: "received" });
    assert.equal(await post(message(1)), 200);
    await begun.opened;
    assert.ok(claimed);
    shared.expire(claimed, store);
    await again.opened;
    await turn();
    slow.open();
    await hook.close();
    assert.deepEqual([runs, store.count], [1, 0]);
    assert.equal(codeOf(reasons[0]), "ERR_STORE", "its signal was aborted meanwhile");
  });

  it("when a repeat came to another process, which has stored it", async () => {
    const slow = gate();
    const log = new Log();
    const shared = new SharedStore();
    const [one, two] = [shared.client(), shared.client()];
    const first = bot(async (update) => {
      log.add(`first ${word(update)}`);
      await slow.opened;
    }, { store: one });
    const answer = first.post(message(1)); // runs in the first, and no store has it
    await log.has(1);
    // The second has stored the repeat, and ends before its turn comes.
    two.open({ wake: () => {}, lost: () => {}, failed: assert.fail });
    assert.equal(
      two.add({
        ...{ update: message(1), json: undefined, lane: 42, chars: 100, album: undefined, reservedMs: 0 },
        tries: { attempts: 0, failures: 0 },
      }, "append"),
      "added",
    );
    one.host?.wake(0);
    assert.equal(await answer, 200, "it is safe in the store, claimed by the first");
    slow.open();
    await first.hook.close();
    assert.deepEqual([log.words, one.count], [["first 1"], 0]);
  });

  /** A bot whose slow update turns out to be in the store when it is acknowledged, and that claims only once it may. */
  async function acknowledgedAsKnown(log: Log, end: () => void) {
    const slow = gate();
    const mayClaim = gate();
    const shared = new SharedStore();
    const two = shared.client();
    const store = shared.client({ before: (call) => call === "claim" ? mayClaim.opened : undefined });
    const made = bot(async (update) => {
      log.add(word(update));
      await slow.opened;
      end();
    }, { store, acknowledgeWithinMs: 20 });
    const answer = made.post(message(1));
    await log.has(1);
    two.add({
      ...{ update: message(1), json: undefined, lane: 42, chars: 100, album: undefined, reservedMs: 0 },
      tries: { attempts: 0, failures: 0 },
    }, "append");
    assert.equal(await answer, 200);
    return { ...made, store, slow, mayClaim };
  }

  it("when the store has its repeat already as it is acknowledged", async () => {
    const log = new Log();
    const { hook, slow, mayClaim, store } = await acknowledgedAsKnown(log, () => {});
    mayClaim.open();
    while (store.times("claim") === 0) await turn();
    await turn();
    assert.deepEqual([log.words, hook.stats().running], [["1"], 1]);
    slow.open();
    while (store.count > 0) await turn();
    await hook.close();
    assert.deepEqual(log.words, ["1"]);
  });

  it("but it is parked from the store if the store has its repeat already and its handler gives up", async () => {
    const log = new Log();
    const { hook, slow, mayClaim, store } = await acknowledgedAsKnown(log, () => {
      throw new GiveUp("never");
    });
    slow.open();
    while (hook.stats().running > 0) await turn();
    mayClaim.open();
    while (store.count > 0) await turn();
    const parked = (await parkedIn(hook)).map(({ id }) => id);
    assert.deepEqual([parked, log.words], [[1], ["1", "1"]]);
    await hook.close();
  });

  it("when it was handled here, and a copy is found in the store", async () => {
    const log = new Log();
    const shared = new SharedStore();
    const [one, two] = [shared.client(), shared.client()];
    const first = bot((update) => log.add(word(update)), { store: one });
    assert.equal(await first.post(message(1)), 200);
    two.add({
      ...{ update: message(1), json: undefined, lane: 42, chars: 100, album: undefined, reservedMs: 0 },
      tries: { attempts: 0, failures: 0 },
    }, "append");
    one.host?.wake(0);
    while (one.count > 0) await turn();
    assert.deepEqual(log.words, ["1"]);
    await first.hook.close();
  });

  it("when two copies come to two processes that are there: both are answered, in the end", async () => {
    const shared = new SharedStore();
    const log = new Log();
    const bots = [1, 2].map((id) =>
      bot(async (update) => {
        log.add(`${id}: ${word(update)}`);
        await turn();
      }, { store: shared.client(), lane: () => "one" })
    );
    const statuses = await Promise.all(bots.map(({ post }) => post(message(1))));
    assert.deepEqual(statuses, [200, 200]);
    assert.equal(log.words.length, 1);
    await Promise.all(bots.map(({ hook }) => hook.close()));
  });

  it("but what another process does not complete is handled here", async () => {
    const shared = new SharedStore();
    const log = new Log();
    let claimed: Batch | undefined;
    const one = shared.client({
      after(call, result) {
        claimed ??= claimedBy(call, result)[0];
        return result;
      },
    });
    const first = bot((update) => {
      log.add(`first ${word(update)}`);
      return new Promise(() => {});
    }, { store: one, acknowledge: "received" });
    assert.equal(await first.post(message(1)), 200);
    await log.has(1);
    const second = bot((update) => log.add(`second ${word(update)}`), { store: shared.client() });
    await turn();
    await first.hook.close({ timeoutMs: 0 });
    assert.ok(claimed);
    shared.expire(claimed, one);
    await log.has(2);
    assert.deepEqual(log.words, ["first 1", "second 1"]);
    await second.hook.close();
  });
});

describe("updates that were claimed by processes that ended", () => {
  /** Says of what is claimed that processes ended while they had it. */
  const crashed = (crashes: number, crashesAlone: number) =>
    new WrappedStore({
      after(call, result) {
        for (const batch of claimedBy(call, result)) {
          Object.defineProperties(batch, {
            crashes: { value: crashes, configurable: true },
            crashesAlone: { value: crashesAlone, configurable: true },
          });
        }
        return result;
      },
    });

  /** A bot whose handlers never end. */
  function hanging(store: InboxStore) {
    const log = new Log();
    const { hook, post } = bot((update) => {
      log.add(word(update));
      return new Promise(() => {});
    }, { store, acknowledge: "received" });
    return { hook, log, post };
  }

  it("twice run one at a time, but one that hangs lets the next go after some seconds", async (t) => {
    const real = performance.now;
    t.after(() => void (performance.now = real));
    const { hook, log, post } = hanging(crashed(2, 0));
    for (const id of [1, 2, 3]) assert.equal(await post(inChat(id, id)), 200);
    await log.has(1);
    await new Promise((resolve) => setTimeout(resolve, 20));
    assert.deepEqual(log.words, ["1"]);
    performance.now = () => real.call(performance) + 6_000;
    await log.has(2);
    performance.now = () => real.call(performance) + 12_000;
    await log.has(3);
    assert.deepEqual(log.words.toSorted(), ["1", "2", "3"]);
    await hook.close({ timeoutMs: 0 });
  });

  it("more often have twice as long alone each time, or what is slow would never be told from what ends them", async (t) => {
    const real = performance.now;
    t.after(() => void (performance.now = real));
    const { hook, log, post } = hanging(crashed(4, 0));
    for (const id of [1, 2]) assert.equal(await post(inChat(id, id)), 200);
    await log.has(1);
    performance.now = () => real.call(performance) + 18_000;
    await new Promise((resolve) => setTimeout(resolve, 1_100)); // it is looked at twice in that time
    assert.equal(log.words.length, 1);
    performance.now = () => real.call(performance) + 21_000;
    await log.has(2);
    await hook.close({ timeoutMs: 0 });
  });

  it("twice do not begin with the same one each time, which may hang", async (t) => {
    const real = Math.random;
    t.after(() => void (Math.random = real));
    for (const [random, expected] of [[0, "1"], [0.5, "2"], [0.9, "3"]] as const) {
      Math.random = () => random;
      const { hook, log, post } = hanging(crashed(2, 0));
      const answers = await Promise.all([1, 2, 3].map((id) => post(inChat(id, id))));
      assert.deepEqual(answers, [200, 200, 200]);
      await log.has(1);
      assert.deepEqual(log.words, [expected]);
      await hook.close({ timeoutMs: 0 });
    }
  });

  it("twice run one after another, as quickly as they end", async () => {
    const log = new Log();
    let running = 0;
    const { hook, post } = bot(async (update) => {
      assert.equal(++running, 1);
      await turn();
      running--;
      log.add(word(update));
    }, { store: crashed(2, 0), acknowledge: "received" });
    for (const id of [1, 2]) assert.equal(await post(inChat(id, id)), 200);
    await log.has(2);
    await hook.close();
  });

  it("twice and by the dozen do not wait half a second for each other", async () => {
    const ENOUGH = 24;
    const log = new Log();
    const { hook, post } = bot(async (update) => {
      await turn();
      log.add(word(update));
    }, { store: crashed(2, 0), acknowledge: "received" });
    const since = performance.now();
    await Promise.all(Array.from({ length: ENOUGH }, (_, i) => post(inChat(i + 1, i + 1))));
    await log.has(ENOUGH);
    assert.ok(performance.now() - since < ENOUGH * 250, "One after another, as quickly as they end");
    await hook.close();
  });

  it("once run side by side", async () => {
    const log = new Log();
    const slow = gate();
    const { hook, post } = bot(async (update) => {
      log.add(word(update));
      await slow.opened;
    }, { store: crashed(1, 0), acknowledge: "received" });
    for (const id of [1, 2]) assert.equal(await post(inChat(id, id)), 200);
    await log.has(2);
    slow.open();
    await hook.close();
  });

  it("as often as maxAttempts says, with nothing else, are parked without another call", async () => {
    const events: WebhookEvent[] = [];
    const parked = gate();
    const { hook, post, failures } = bot(assert.fail, {
      store: crashed(3, 3),
      acknowledge: "received",
      maxAttempts: 3,
      onEvent: (event) => {
        events.push(event);
        if (event.type === "parked") parked.open();
      },
    });
    assert.equal(await post(message(1)), 200);
    await parked.opened;
    await turn();
    assert.deepEqual(failures.map(({ error, attempt, willRetry }) => [codeOf(error), attempt, willRetry]), [
      ["ERR_GIVEN_UP", 3, false],
    ]);
    await hook.close();
  });

  it("are parked before `onError` is called, which may end the process too", async () => {
    const log = new Log();
    const { hook, post } = bot(assert.fail, {
      store: crashed(5, 5),
      acknowledge: "received",
      onError: (error) => log.add(codeOf(error) ?? ""),
      onEvent: ({ type }) => void ((type === "failed" || type === "parked") && log.add(type)),
    });
    assert.equal(await post(message(1)), 200);
    await log.has(4);
    assert.deepEqual(log.words, ["failed", "parked", "ERR_STORE", "ERR_GIVEN_UP"]);
    await hook.close();
  });

  it("beside others are not to blame, and are handled", async () => {
    const log = new Log();
    const { hook, post } = bot((update, { attempt }) => log.add(`${word(update)} ${attempt}`), {
      store: crashed(5, 0),
      acknowledge: "received",
      maxAttempts: 3,
    });
    assert.equal(await post(message(1)), 200);
    await log.has(1);
    assert.deepEqual(log.words, ["1 6"]);
    await hook.close();
  });
});

it("failures in other processes count here too", () => {
  const failures = new Failures({ maxAttempts: 5, giveUpAfterMs: Infinity }, () => {});
  failures.failed(1, "one", { attempts: 0, failures: 0 });
  failures.succeeded(2, "other");
  const { tries } = failures.failed(1, "one", { attempts: 1, failures: 0 });
  assert.deepEqual(tries, { attempts: 2, failures: 2 });
  assert.deepEqual(failures.failed(1, "one", { attempts: 4, failures: 4 }).willRetry, false);
});

describe("a store with several connections, whose answer that an update was added comes late: its sender is answered", () => {
  for (const [what, isHandled] of [["handled", true], ["running", false]] as const) {
    it(`once it comes, if the update is ${what} by then`, async () => {
      const [ends, answered, slow] = [gate(), gate(), gate()];
      const log = new Log();
      let isAnswerLate = false;
      const store = new SharedStore().client({
        after: (call, result) => call === "add" && isAnswerLate ? answered.opened.then(() => result) : result,
      });
      const { hook, post } = bot(async (update) => {
        log.add(word(update));
        await (update.update_id === 1 ? ends : slow).opened;
      }, { store, lane: () => "one" });
      const answers = [post(message(1))];
      await log.has(1);
      isAnswerLate = true;
      answers.push(post(message(2)));
      while (store.count < 2) await turn();
      ends.open();
      await log.has(2);
      if (isHandled) {
        slow.open();
        while (store.count > 0) await turn();
      }
      answered.open();
      assert.deepEqual(await Promise.all(answers), [200, 200]);
      slow.open();
      await hook.close();
      assert.deepEqual(log.words, ["1", "2"]);
    });
  }
});

it("an answer is not given before the store has the update, whatever the time limit", async () => {
  const stored = gate();
  const slow = gate();
  const store = new WrappedStore({
    before: (call, [, mode]) => call === "add" && mode === "adopt" ? stored.opened : undefined,
  }, { isDurable: true });
  const { hook, post } = bot(() => slow.opened, { store, acknowledgeWithinMs: 5 });
  const answer = post(message(1));
  await new Promise((resolve) => setTimeout(resolve, 30));
  await assertPending(answer);
  stored.open();
  assert.equal(await answer, 200);
  slow.open();
  await hook.close();
});
