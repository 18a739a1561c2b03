import { strict as assert } from "node:assert";
import { describe, it, type TestContext } from "node:test";
import { startTestBotApi } from "../../src/testing/mod.ts";
import { selfSigned } from "../../src/tls/mod.ts";
import { hasSqlite } from "../store/sqlite_store_files.ts";
import { albumPart, type RawConnection, SECRET, textUpdate } from "./raw_connection.ts";
import { SeveralProcesses } from "./reuse_port_processes.ts";
import { fingerprint } from "./tls_load.ts";

/* What holds, and what does not, when Telegram delivers to two processes on one port (on Node 20, of a cluster). */

async function deliver(connection: RawConnection, update: object, status = 200): Promise<void> {
  assert.equal((await connection.deliver({ update })).status, status);
}

/** Chats that send texts and albums of three, as many deliveries of each chat as are told. */
function* conversation(chats: number, rounds: number) {
  let id = 0;
  for (let round = 1; round <= rounds; round++) {
    for (let chat = 1; chat <= chats; chat++) yield textUpdate(++id, `round ${round}`, chat);
    for (let part = 1; part <= 3; part++) {
      for (let chat = 1; chat <= chats; chat++) {
        const { message } = textUpdate(++id, `part ${part}`, chat);
        yield { update_id: id, message: { ...message, media_group_id: `${round}` } };
      }
    }
  }
  for (let chat = 1; chat <= chats; chat++) yield textUpdate(++id, "the end", chat);
}

/** Has Telegram deliver a conversation, and resolves with the ids that each chat's calls were about, in their order. */
async function telegramDelivers(
  t: TestContext,
  all: SeveralProcesses,
  updates: readonly ReturnType<typeof textUpdate>[],
): Promise<Map<number, string>> {
  const telegram = await startTestBotApi();
  t.after(() => telegram.close());
  const url = encodeURIComponent(`http://127.0.0.1:${all.port}/`);
  const set = `${telegram.apiRoot}/bot${telegram.token}/setWebhook?url=${url}&secret_token=${SECRET}`;
  assert.equal((await fetch(set)).status, 200);
  for (const update of updates) telegram.deliver({ ...update });
  await telegram.idle();
  const ids = new Set(updates.map(({ update_id }) => update_id));
  await all.until(() => {
    for (const { ended = [] } of all.lines()) for (const id of ended) ids.delete(id);
    return ids.size === 0;
  }, "the end of all");
  assert.deepEqual(telegram.violations, []);
  const busy = new Set(all.lines().filter(({ began }) => began).map(({ pid }) => pid));
  assert.equal(busy.size, 2, "both have handled some");

  const chatOf = new Map(updates.map(({ update_id, message }) => [update_id, chatIn(message)]));
  const told = new Map<number, string>();
  for (const { ended: [first = 0, ...rest] = [] } of all.lines()) {
    const chat = chatOf.get(first);
    if (chat !== undefined) told.set(chat, `${told.get(chat) ?? ""}${[first, ...rest]} `);
  }
  return told;
}

describe("two processes on one port, each with its own memory", () => {
  it("share the connections, and go on when one closes", async (t) => {
    const all = await SeveralProcesses.startTwo(t);
    const [first, second] = await all.connectToBoth();
    await deliver(first, textUpdate(1));
    await deliver(second, textUpdate(2));
    assert.deepEqual(all.story(), ["began 1", "ended 1", "began 2", "ended 2"]);
    const [one, two] = all.pids;
    await all.kill(one, "SIGTERM");
    assert.ok(all.lines().some(({ closed, pid }) => closed && pid === one));
    const third = await all.connectTo(two);
    await deliver(third, textUpdate(3));
    await all.handled(3);
  });

  it("split an album, handle a repeat twice, and do not wait for what the other acknowledged", async (t) => {
    const all = await SeveralProcesses.startTwo(t, { options: { acknowledgeWithinMs: 1 } });
    const [first, second] = await all.connectToBoth();
    await deliver(first, albumPart(1));
    await deliver(second, albumPart(2));
    await deliver(first, textUpdate(3));
    await deliver(second, textUpdate(3));
    await all.until(() => all.callsWith(1).length + all.callsWith(2).length === 2, "both halves");
    assert.deepEqual([all.callsWith(1)[0]?.ids, all.callsWith(2)[0]?.ids], [[1], [2]]);
    const ended = () => all.story().filter((line) => line === "ended 3").length;
    await all.until(() => ended() === 2, "the end of both calls with the repeat");

    await deliver(first, textUpdate(4, "wait", 7)); // acknowledged after a millisecond
    await deliver(second, textUpdate(5, "hello", 7));
    await all.until(() => all.story().at(-1) === "ended 5", "the end of what came to the other process");
    assert.deepEqual(all.story().slice(-3), ["began 4", "began 5", "ended 5"]);
  });

  it("keep Telegram's order if nothing is acknowledged before it is handled", async (t) => {
    const all = await SeveralProcesses.startTwo(t, { options: { mediaGroups: false } });
    const updates = [...conversation(16, 5)];
    const told = await telegramDelivers(t, all, updates);
    for (let chat = 1; chat <= 16; chat++) {
      const ids = updates.filter(({ message }) => chatIn(message) === chat).map(({ update_id }) => update_id);
      assert.equal(told.get(chat), `${ids.join(" ")} `);
    }
  });

  it("each have their own certificate to replace", async (t) => {
    const pair = () => selfSigned({ host: "127.0.0.1", algorithm: "ecdsa-p256" });
    const [tls, nextTls] = [await pair(), await pair()];
    const insecure = { rejectUnauthorized: false };
    const all = await SeveralProcesses.startTwo(t, { tls, nextTls });
    const [one, two] = all.pids;
    const shownBy = async (pid: number | undefined) => {
      const { socket } = await all.connectTo(pid, insecure);
      assert.ok("getPeerCertificate" in socket && typeof socket.getPeerCertificate === "function");
      return socket.getPeerCertificate().fingerprint256;
    };
    await deliver(await all.connectTo(one, insecure), textUpdate(1, "renew"));
    await all.until(() => all.lines().some(({ renewed }) => renewed), "the new certificate");
    assert.deepEqual(
      [await shownBy(one), await shownBy(two)],
      [nextTls, tls].map(({ cert }) => fingerprint(cert)),
    );
  });
});

describe(
  "two processes on one port and one sqliteStore",
  { skip: !hasSqlite && "no node:sqlite here" },
  () => {
    it("keep an album whole, and it comes before what follows it", async (t) => {
      const all = await SeveralProcesses.startTwo(t, { hasStore: true });
      const [first, second] = await all.connectToBoth();
      await deliver(first, albumPart(1));
      await deliver(second, albumPart(2));
      await deliver(first, albumPart(3));
      await deliver(second, textUpdate(4));
      assert.deepEqual(all.story(), ["began 1,2,3", "ended 1,2,3", "began 4", "ended 4"]);
    });

    it("wait for what the other has acknowledged and still handles", async (t) => {
      const all = await SeveralProcesses.startTwo(t, {
        hasStore: true,
        options: { acknowledgeWithinMs: 100 },
      });
      const [first, second] = await all.connectToBoth();
      await deliver(first, textUpdate(1, "wait"));
      const next = deliver(second, textUpdate(2));
      await deliver(first, textUpdate(3, "go", 7));
      await next;
      await all.handled(2);
      assert.deepEqual(all.story().slice(-3), ["ended 1", "began 2", "ended 2"]);
      assert.deepEqual(all.story().filter((each) => each.endsWith(" 1")), ["began 1", "ended 1"]);
    });

    it("know a repeat of what was stored, and not of what was answered when it was handled", async (t) => {
      const all = await SeveralProcesses.startTwo(t, { hasStore: true });
      const [first, second] = await all.connectToBoth();
      for (const connection of [first, second]) {
        await deliver(connection, albumPart(1));
        await deliver(connection, textUpdate(2)); // which waits in the store for the album
        await deliver(connection, textUpdate(3, "hello", 7)); // which no store has
      }
      await all.handled(1);
      assert.deepEqual([1, 2, 3].map((id) => all.callsWith(id).length), [1, 1, 2]);
      assert.deepEqual(all.callsWith(1)[0]?.ids, [1]);
    });

    it('know every repeat with acknowledge: "received", keep the order, and park what fails', async (t) => {
      const options = { acknowledge: "received", maxAttempts: 1 } as const;
      const all = await SeveralProcesses.startTwo(t, { hasStore: true, options });
      const [first, second] = await all.connectToBoth();
      for (let id = 1; id <= 20; id++) {
        await deliver(first, textUpdate(id));
        await deliver(second, textUpdate(id));
      }
      await deliver(second, textUpdate(21, "fail", 7));
      await deliver(first, textUpdate(22, "after it", 7));
      await all.handled(20);
      await all.handled(22);
      const ids = all.story().filter((each) => /^began ([1-9]|1\d|20)$/.test(each));
      assert.deepEqual(ids, Array.from({ length: 20 }, (_, n) => `began ${n + 1}`));
      assert.deepEqual(all.callsWith(21).map(({ attempt }) => attempt), [1]);
    });

    it("each count the failures of what Telegram sends again", async (t) => {
      const all = await SeveralProcesses.startTwo(t, { hasStore: true, options: { maxAttempts: 2 } });
      const [first, second] = await all.connectToBoth();
      await deliver(first, textUpdate(1, "fail"), 500);
      await deliver(first, textUpdate(2, "well", 7)); // so that the update is to blame
      await deliver(second, textUpdate(1, "fail"), 500);
      await deliver(first, textUpdate(1, "fail"));
      assert.deepEqual(all.callsWith(1).map(({ attempt }) => attempt), [1, 1, 2]);
    });

    it("lose nothing when one is killed: the one that is started in its place hands it over", async (t) => {
      const all = await SeveralProcesses.startTwo(t, { hasStore: true, options: { acknowledgeWithinMs: 1 } });
      const [first, second] = await all.connectToBoth();
      const [one] = all.pids;
      await deliver(first, textUpdate(1, "wait", 7));
      await deliver(first, albumPart(2));
      await deliver(second, albumPart(3));
      await all.kill(one);
      assert.deepEqual(all.story(), ["began 1"]);
      await all.start();
      await all.handled(3);
      await all.until(() => all.callsWith(1).length === 2, "another try of what was cut");
      assert.deepEqual(all.callsWith(3), [{ ids: [2, 3], attempt: 1 }]);
      assert.deepEqual(all.callsWith(1).map(({ attempt }) => attempt), [1, 2]);
    });

    it("are delivered to as Telegram does: once, in the order of each chat, albums whole", async (t) => {
      const all = await SeveralProcesses.startTwo(t, { hasStore: true });
      const updates = [...conversation(16, 5)];
      const told = await telegramDelivers(t, all, updates);
      for (let chat = 1; chat <= 16; chat++) {
        const ids = updates.filter(({ message }) => chatIn(message) === chat).map(({ update_id }) =>
          update_id
        );
        let expected = "";
        for (let at = 0; at < ids.length; at += 4) expected += `${ids[at]} ${ids.slice(at + 1, at + 4)} `;
        assert.equal(told.get(chat)?.trim(), expected.trim());
      }
      assert.deepEqual(await all.end("SIGTERM"), [0, 0]);
    });
  },
);

function chatIn(message: object): number {
  assert.ok("chat" in message && typeof message.chat === "object" && message.chat !== null);
  assert.ok("id" in message.chat && typeof message.chat.id === "number");
  return message.chat.id;
}
