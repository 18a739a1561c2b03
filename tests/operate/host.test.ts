import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  type BotHost,
  botHost,
  type BotHostOptions,
  deriveSecretToken,
  listen,
  prometheusText,
  webhook,
} from "../../mod.ts";
import { type Measured, Metrics } from "../../src/operate/metrics.ts";
import { MemoryStore } from "../../src/store/memory/memory_store.ts";
import { pipelineOf } from "../../src/webhook.ts";
import { countTurns } from "../count_turns.ts";
import { gate, message, part } from "../inbox/bot.ts";
import { samplesOf } from "./samples.ts";

const BOTS = ["1001:AAone", "1002:AAtwo", "1003:AAthree"] as const;
const [ONE, TWO] = BOTS;

/** Delivers an update to a bot. */
async function deliver(host: BotHost, token: string, update: object): Promise<number> {
  const response = await host(
    new Request(`https://bots.example/${token.split(":")[0]}`, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        "x-telegram-bot-api-secret-token": await deriveSecretToken(token),
      },
      body: JSON.stringify(update),
    }),
  );
  return response.status;
}

async function hostWith(receiver: Parameters<typeof botHost>[0], options: BotHostOptions = {}) {
  const host = botHost(receiver, {
    ...{ health: "/healthz", metrics: "/metrics", onError: () => {}, log: false as const },
    ...options,
  });
  for (const token of BOTS) await host.add(token);
  const probe = async () => {
    const response = await host(new Request("https://bots.example/healthz"));
    const found = await response.json();
    assert.deepEqual(found, host.health());
    assert.equal(response.status, found.status === "ok" ? 200 : 503);
    return [found.status, found.unhealthy];
  };
  const samples = async () =>
    samplesOf(await (await host(new Request("https://bots.example/metrics"))).text());
  return { host, probe, samples };
}

describe("a host's health", () => {
  it("is that of all bots, answers GET on its path, and fails from the first moment of closing", async () => {
    const { host, probe } = await hostWith(() => {});
    assert.deepEqual(await probe(), ["ok", 0]);
    assert.equal(host.health().bots, 3);
    const elsewhere = await host(new Request("https://bots.example/1001/healthz"));
    assert.equal(elsewhere.status, 404);
    const closed = host.close();
    assert.deepEqual(await probe(), ["closing", 3]);
    await closed;
  });

  it("is not there unless it is asked for", async () => {
    await using host = botHost(() => {}, { log: false });
    for (const path of ["/healthz", "/metrics"]) {
      assert.equal((await host(new Request(`https://bots.example${path}`))).status, 404);
    }
  });

  it("does not suffer from one bot whose store fails, and fails if all do", async () => {
    class Failing extends MemoryStore {
      override add(): never {
        throw new Error("away");
      }
    }
    const away = new Set([1001]);
    const { host, probe } = await hostWith(() => {}, {
      store: (id) => away.has(id) ? new Failing() : new MemoryStore(),
    });
    await deliver(host, ONE, part(1, "7"));
    assert.deepEqual(await probe(), ["ok", 1]);
    await Promise.all([host.remove(1002), host.remove(1003)]);
    assert.deepEqual(await probe(), ["storeFailing", 1]);
    await host.close();
  });

  it("fails while as many updates are pending as may be in all", async () => {
    const blocked = gate();
    const { host, probe } = await hostWith(() => blocked.opened, { maxPendingInAll: 2 });
    const sent = [deliver(host, ONE, message(1)), deliver(host, TWO, message(1))];
    while (host.health().unanswered < 2) await new Promise((resolve) => setTimeout(resolve, 1));
    assert.deepEqual(await probe(), ["overloaded", 0]);
    blocked.open();
    assert.deepEqual(await Promise.all(sent), [200, 200]);
    assert.deepEqual(await probe(), ["ok", 0]);
    await host.close();
  });
});

describe("a host's metrics", () => {
  it("are sums over all bots, without a label for each", async () => {
    const { host, samples } = await hostWith(async (update) => {
      await Promise.resolve();
      if (update.update_id === 2) throw new Error("It failed");
    }, { maxAttempts: 1 });
    for (const token of BOTS) await deliver(host, token, message(1));
    await deliver(host, ONE, message(2));
    await deliver(host, ONE, message(1)); // again
    await host(new Request("https://bots.example/nobody", { method: "POST" }));
    const found = await samples();
    const expected: Record<string, number> = {
      telehook_updates_handled_total: 3,
      telehook_handler_failures_total: 1,
      telehook_duplicates_total: 1,
      'telehook_handler_duration_seconds_count{outcome="handled"}': 3,
      telehook_batch_updates_count: 4,
      telehook_bots: 3,
      telehook_bots_unhealthy: 0,
      telehook_healthy: 1,
      telehook_outage: 0,
      telehook_updates_stored: 0,
    };
    for (const [name, value] of Object.entries(expected)) assert.equal(found.get(name), value, name);
    assert.ok(![...found.keys()].some((name) => /bot=|1001/.test(name)));
    assert.ok([...found].some(([name, value]) => name.includes('status="404"') && value === 1));
    await host.close();
  });

  it("let the event loop turn while many bots are summed up", async () => {
    const { inbox, events } = pipelineOf(webhook(() => {}, { secretToken: null }));
    let bots = 1;
    const metrics = new Metrics({
      measured: () => new Array<Measured>(bots).fill({ inbox, events }),
      isHealthy: () => true,
      certificate: () => undefined,
    });
    bots = 400_000; // which takes long on a fast machine too
    const turns = countTurns();
    await metrics.families();
    assert.ok(turns.stop() >= 3);
    await inbox.close(0);
  });

  it("never count a bot twice that is removed meanwhile", async () => {
    const slow = gate();
    class Slow extends MemoryStore {
      override stats() {
        return slow.opened.then(() => super.stats()) as never; // a store of one's own may
      }
    }
    const { host, samples } = await hostWith(() => {}, { store: () => new Slow() });
    await deliver(host, ONE, message(1));
    for (const id of [1, 2]) await deliver(host, TWO, part(id, "7")); // so that this bot's store is asked
    const found = samples();
    await host.remove(1001);
    slow.open();
    assert.equal((await found).get("telehook_updates_handled_total"), 1);
    await host.close();
  });

  it("never fall when a bot is removed", async () => {
    const { host, samples } = await hostWith(() => {});
    for (const token of BOTS) await deliver(host, token, message(1));
    await host.remove(1001);
    const found = await samples();
    assert.deepEqual([found.get("telehook_updates_handled_total"), found.get("telehook_bots")], [3, 2]);
    await host.add(ONE);
    await deliver(host, ONE, message(5));
    assert.equal((await samples()).get("telehook_updates_handled_total"), 4);
    await host.close();
  });

  it("come by prometheusText too, with what waits in the stores", async () => {
    const { host } = await hostWith(() => {}, { mediaGroups: { quietMs: 60_000, maxWaitMs: 60_000 } });
    await deliver(host, ONE, part(1, "7"));
    await deliver(host, TWO, part(1, "7"));
    await deliver(host, TWO, part(2, "7"));
    const found = samplesOf(await prometheusText(host));
    assert.deepEqual([found.get("telehook_updates_stored"), found.get("telehook_lanes")], [3, 2]);
    await host.close();
  });
});

it("a host's pages are served by listen()", async () => {
  const host = botHost(() => {}, { health: "/healthz", metrics: "/metrics", pathPrefix: "/bots" });
  await host.add(ONE);
  const server = await listen(host, { hostname: "127.0.0.1", port: 0 });
  const get = async (path: string) => await fetch(new URL(path, server.url));
  const health = await get("/healthz");
  assert.deepEqual(await health.json(), {
    ...{ status: "ok", running: 0, unanswered: 0, stored: 0, bots: 1, unhealthy: 0 },
  });
  assert.match(await (await get("/metrics")).text(), /^telehook_bots 1$/m);
  const other = await get("/bots/1001");
  await other.body?.cancel();
  assert.equal(other.status, 405);
  await server.close();
});
