import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { webhook, type WebhookEvent, type WebhookOptions } from "../../mod.ts";

const SECRET = "a-long-random-secret";
const TOKEN = "123456789:AAH-abcdefghijklmnopqrstuvwxyz012345";

function hookWith(options: Partial<WebhookOptions> = {}) {
  return webhook(() => {}, { secretToken: SECRET, ...options });
}

function post(path: string, secret = "wrong", headers: Record<string, string> = {}): Request {
  return new Request(`https://bot.example${path}`, {
    method: "POST",
    headers: { "x-telegram-bot-api-secret-token": secret, ...headers },
    body: "{}",
  });
}

const from = (hostname: string) => ({ remoteAddr: { hostname } });

describe("the log of refusals", () => {
  it("has the first of each kind in a minute, on the console", async (t) => {
    const lines: unknown[] = [];
    t.mock.method(console, "warn", (...args: unknown[]) => lines.push(args.join(" ")));
    const now = performance.now();
    let passed = 0;
    t.mock.method(performance, "now", () => now + passed);
    const hook = hookWith({ onEvent: () => {} });
    for (let i = 0; i < 5; i++) await hook(post("/hook"), from("192.0.2.1"));
    await hook(post("/hook", SECRET), from("192.0.2.2"));
    passed = 59_000;
    await hook(post("/hook"), from("192.0.2.1"));
    passed = 61_000;
    await hook(post("/other"), from("192.0.2.3"));
    const wrong =
      "telehook: refused with 401: The X-Telegram-Bot-Api-Secret-Token header is missing or wrong";
    assert.deepEqual(lines, [
      `${wrong} (from 192.0.2.1, path "/hook")`,
      "telehook: refused with 400: The body is not an Update: an object with update_id and one update kind " +
      '(from 192.0.2.2, path "/hook")',
      `${wrong} (from 192.0.2.3, path "/other"; 5 more since the last such line)`,
    ]);
    t.mock.restoreAll();
    await hook.close();
  });

  it("has neither secrets nor tokens, nor have the events", async () => {
    const said: string[] = [];
    const events: WebhookEvent[] = [];
    const hook = hookWith({
      log: (line, event) => void said.push(line, JSON.stringify(event)),
      onEvent: (event) => void events.push(event),
    });
    await hook(post(`/${TOKEN}/${SECRET}`, "another-secret"), from("192.0.2.1"));
    await hook(post(`/${TOKEN.replace(":", "%3A")}`, SECRET), from("192.0.2.1"));
    const all = said.join("\n") + JSON.stringify(events);
    for (const secret of [SECRET, TOKEN.slice(10), "another-secret"]) assert.ok(!all.includes(secret), all);
    assert.ok(said[0]?.includes('path "/<token>/<secret>"'), said[0]);
    await hook.close();
  });

  it("escapes what others wrote", async () => {
    const lines: string[] = [];
    const hook = hookWith({
      trustedProxy: { addresses: "platform", header: "x-client" },
      log: (line) => void lines.push(line),
    });
    await hook(post("/%1b[2J\u202e", "wrong", { "x-client": "1.2.3.4\x7f\x9b2J" }));
    assert.match(lines[0] ?? "", /from 1\.2\.3\.4··2J, path "\/%1b\[2J%E2%80%AE"/);
    await hook.close();
  });

  it("escapes what users wrote, in the errors of handlers too", async (t) => {
    const printed: unknown[][] = [];
    t.mock.method(console, "error", (...args: unknown[]) => void printed.push(args));
    class BadInput extends Error {}
    const plain = new BadInput("No such command");
    const text = "\x1b[2J\u202egpj\x9b1m";
    const cause = new Error(`No such file: ${text}`);
    const errors = [plain, new BadInput(`No such command: ${text}`), new Error("Wrong", { cause }), text];
    const hook = webhook(({ update_id }) => {
      throw errors[update_id];
    }, { secretToken: null });
    for (const update_id of errors.keys()) {
      const chat = { id: 42, type: "private" } as const;
      await hook.receive({ update_id, message: { message_id: 1, date: 0, chat } }).catch(() => {});
    }
    const [first, second, third, last] = printed.map(([, error]) => error);
    assert.equal(first, plain, "with all that belongs to it");
    assert.match(String(second), /No such command: ·\[2J·gpj·1m\n[^]* +at /);
    assert.match(String(third), /Wrong\n[^]*No such file: ·\[2J·gpj·1m\n/);
    assert.equal(last, "·[2J·gpj·1m");
    t.mock.restoreAll();
    await hook.close();
  });

  it("says that a reply was not sent, and not that its update failed", async (t) => {
    const printed: unknown[] = [];
    t.mock.method(console, "error", (text: unknown) => void printed.push(text));
    const hook = webhook(() => ({ chat_id: 42, text: "There is no method" }) as never, { secretToken: null });
    await hook.receive({
      update_id: 7,
      message: { message_id: 1, date: 0, chat: { id: 42, type: "private" } },
    });
    assert.deepEqual(printed, ["telehook: the reply to update 7 was not sent:"]);
    t.mock.restoreAll();
    await hook.close();
  });

  it("knows when no address is known", async () => {
    const lines: string[] = [];
    const hook = hookWith({ allowedAddresses: ["telegram"], log: (line) => void lines.push(line) });
    await hook(post("/"));
    assert.match(lines[0] ?? "", /403: The address of the client is not known.*from an unknown address/);
    await hook.close();
  });

  it("can be silent, and refuses what is no function", async (t) => {
    const warn = t.mock.method(console, "warn", () => {});
    const hook = hookWith({ log: false });
    await hook(post("/"));
    assert.equal(warn.mock.callCount(), 0);
    await hook.close();
    assert.throws(() => hookWith({ log: true as never }), {
      code: "ERR_OPTION",
      message: '"log" must be false or a function, not true',
    });
  });

  const failing: readonly (readonly [how: string, log: () => void])[] = [
    ["throws", () => {
      throw new Error("No paper");
    }],
    ["rejects", () => Promise.reject(new Error("No paper"))],
  ];
  for (const [how, log] of failing) {
    it(`does not harm the webhook if it ${how}`, async () => {
      const hook = hookWith({ log });
      assert.equal((await hook(post("/"))).status, 401);
      await hook.close();
      await new Promise((resolve) => setTimeout(resolve, 1)); // a rejection that nobody handles would fail this test
    });
  }
});
