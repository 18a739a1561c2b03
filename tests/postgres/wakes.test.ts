import assert from "node:assert/strict";
import { PostgresWakes } from "../../src/store/postgres/postgres_wake.ts";
import { it } from "../scoped_it.ts";
import { gate } from "../inbox/bot.ts";

it("a client whose test message was lost listens again later", async (t) => {
  const real = { setTimeout: globalThis.setTimeout, now: performance.now };
  const alive = setInterval(() => {}, 1_000); // its own timers keep no process alive
  t.after(() => {
    clearInterval(alive);
    globalThis.setTimeout = real.setTimeout;
    performance.now = real.now;
  });
  globalThis.setTimeout = ((run: () => void, ms = 0) => real.setTimeout(run, ms / 100)) as typeof setTimeout;
  let channel: ((payload: string) => void) | undefined;
  let isLost = true;
  const [tested, again] = [gate(), gate()];
  const client = {
    listen(_: string, hear: (payload: string) => void) {
      channel = hear;
      if (!isLost) again.open();
      return Promise.resolve(() => {
        channel = undefined;
        tested.open();
      });
    },
  };
  const wakes = PostgresWakes.of(client, {
    schema: "telehook",
    news: (bots) => Promise.resolve(bots.map((bot) => `${bot} 0`)),
    notify: (payload) => Promise.resolve(isLost ? undefined : channel?.(payload)),
  });
  const news: number[] = [];
  const store = {
    bot: "1",
    owner: "2",
    hasOthers: true,
    news: "0",
    onNews: (ms: number) => void news.push(ms),
  };
  wakes.watch(store);
  t.after(() => wakes.unwatch(store));
  await tested.opened;
  isLost = false;
  performance.now = () => real.now.call(performance) + 600_000;
  await again.opened;
  channel?.("1 3 0 40");
  assert.deepEqual(news, [40]);
});

it("news are heard of though the connection that listens was lost unnoticed", async (t) => {
  const alive = setTimeout(() => {}, 5_000); // its own timers keep no process alive
  t.after(() => clearTimeout(alive));
  let channel: ((payload: string) => void) | undefined;
  let [number, looks] = [0, 0];
  const listening = gate();
  const client = {
    listen(_: string, hear: (payload: string) => void) {
      channel = hear;
      return Promise.resolve(() => {});
    },
  };
  const wakes = PostgresWakes.of(client, {
    schema: "telehook",
    news(bots) {
      if (channel === undefined && ++looks === 2) listening.open(); // once when it listens, and once from before
      return Promise.resolve(bots.map((bot) => `${bot} ${number}`));
    },
    notify(payload) {
      channel?.(payload);
      channel = undefined;
      return Promise.resolve();
    },
  });
  const heard = gate();
  const store = { bot: "1", owner: "2", hasOthers: true, news: "0", onNews: heard.open };
  wakes.watch(store);
  t.after(() => wakes.unwatch(store));
  await listening.opened;
  number++;
  await heard.opened;
});

it("one that is opened while the last one is closed during a look adds no second series of looks", async (t) => {
  const real = { setTimeout: globalThis.setTimeout, clearTimeout: globalThis.clearTimeout };
  t.after(() => Object.assign(globalThis, real));
  const timers = new Map<number, () => void>();
  let latest = 0;
  Object.assign(globalThis, {
    setTimeout: (run: () => void) => (timers.set(++latest, run), latest),
    clearTimeout: (timer: number) => timers.delete(timer),
  });
  const answer = gate();
  const wakes = PostgresWakes.of({}, {
    schema: "telehook",
    news: (bots) => answer.opened.then(() => bots.map((bot) => `${bot} 0`)),
    notify: () => Promise.resolve(),
  });
  const store = { bot: "1", owner: "2", hasOthers: true, news: "0", onNews: () => {} };
  wakes.watch(store);
  const [timer, look] = [...timers][0] ?? assert.fail("It does not look");
  timers.delete(timer);
  look();
  wakes.unwatch(store);
  wakes.watch(store);
  answer.open();
  for (let i = 0; i < 10; i++) await Promise.resolve(); // more than the rest of the look needs
  wakes.unwatch(store);
  assert.equal(timers.size, 0);
});
