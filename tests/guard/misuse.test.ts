import { strict as assert } from "node:assert";
import { describe, it } from "node:test";
import {
  botApi,
  botHost,
  type BotHostOptions,
  listen,
  type ListenOptions,
  poll,
  type PollOptions,
  type Receiver,
  setWebhookAndListen,
  type SetWebhookAndListenOptions,
  TelehookError,
  type TelehookErrorCode,
  watchWebhook,
  type WatchWebhookOptions,
  webhook,
  type WebhookOptions,
} from "../../mod.ts";
import { inspect, type InspectOptions } from "../../src/inspector/inspect.ts";

const SECRET = "S3CRET-of-the-bot";
const KEY = "-----BEGIN PRIVATE KEY-----\nS3CRETkeyS3CRETkey\n-----END PRIVATE KEY-----\n";
const TOKEN = "123456789:S3CRETtokenS3CRETtokenS3CRETtoken";

/** Text that nobody may read in a message. */
const HIDDEN = /S3CRET/;

type Wrong = readonly (readonly [option: string, values: readonly unknown[], code: TelehookErrorCode])[];

const NOT_COUNTS = [0, -1, 1.5, NaN, -Infinity, "5", "", null, true, 5n, [5], {}, () => 5];
const NOT_FUNCTIONS = [null, 0, "console.error", {}, true];

const OF_WEBHOOK: Wrong = [
  [
    "secretToken",
    [undefined, "", " ", 5, {}, [], [SECRET, ""], `${SECRET}!`, `${SECRET}\n`],
    "ERR_SECRET_TOKEN",
  ],
  ["path", [null, 5, "", "telegram", "/a?b", "/a b", {}], "ERR_PATH"],
  ["allowedAddresses", [null, "telegram", [], ["10.0.0.0/40"], [undefined], 5], "ERR_ADDRESS"],
  ["trustedProxy", [null, "platform", [], 5, { address: ["10.0.0.1"] }], "ERR_OPTION"],
  ["trustedProxy", [{}, { addresses: "10.0.0.1" }], "ERR_ADDRESS"],
  ["maxBodyBytes", [...NOT_COUNTS, Infinity, 2 ** 31], "ERR_OPTION"],
  ["mediaGroups", [null, true, 5, "false", [], { quiet: 5 }, { quietMs: 0 }, { maxWaitMs: 1 }], "ERR_OPTION"],
  [
    "mediaGroups",
    [{ quietMs: 2 ** 31 }, { quietMs: 5_000, maxWaitMs: 4_999 }, { quietMs: "1000" }],
    "ERR_OPTION",
  ],
  ["acknowledge", [null, "", "Handled", "later", true, ["handled"]], "ERR_OPTION"],
  ["acknowledgeWithinMs", [...NOT_COUNTS, 60_001], "ERR_OPTION"],
  ["maxAttempts", NOT_COUNTS, "ERR_OPTION"],
  ["concurrency", NOT_COUNTS, "ERR_OPTION"],
  ["maxPending", NOT_COUNTS, "ERR_OPTION"],
  ["maxPendingChars", NOT_COUNTS, "ERR_OPTION"],
  ["store", [null, 5, "bot.sqlite", {}, new Map(), () => {}], "ERR_OPTION"],
  ["onError", NOT_FUNCTIONS, "ERR_OPTION"],
  ["onEvent", NOT_FUNCTIONS, "ERR_OPTION"],
  ["secret_token", [SECRET], "ERR_OPTION"],
  ["secret", [SECRET, undefined], "ERR_OPTION"],
];

const OF_SERVING: Wrong = [
  ["port", [-1, 65_536, 1.5, NaN, Infinity, "8080", null, {}, 8080n], "ERR_OPTION"],
  ["hostname", [null, "", 5, {}, ["127.0.0.1"]], "ERR_OPTION"],
  ["tls", [null, "", 0, false, true, KEY, [], { pem: KEY }], "ERR_OPTION"],
  ["tls", [{}, { cert: "x" }, { key: KEY }, { cert: KEY, key: KEY }, { cert: "x", key: "y" }], "ERR_TLS"],
  ["tls", [{ cert: new Uint8Array(3), key: KEY }], "ERR_TLS"],
  ["signal", [null, true, {}, "abort", new AbortController()], "ERR_OPTION"],
  ["host", ["127.0.0.1"], "ERR_OPTION"],
];

const OF_REGISTERING: Wrong = [
  [
    "token",
    [undefined, "", null, 5, "123456789", "S3CRET", ` ${TOKEN}`, `${TOKEN}\n`, `bot${TOKEN}`],
    "ERR_BOT_TOKEN",
  ],
  ["webhook", [undefined, null, 5, "https://bot.example/", TOKEN], "ERR_OPTION"],
  [
    "webhook",
    [{}, { url: "" }, { url: 5 }, { url: "https://" }, { url: "http://bot.example/" }],
    "ERR_WEBHOOK_URL",
  ],
  [
    "webhook",
    [{ url: `http://bot.example/${TOKEN}` }, { url: "https://a:S3CRET@bot.example:99" }],
    "ERR_WEBHOOK_URL",
  ],
  [
    "webhook",
    [{ url: "https://bot.example:8080/" }, { url: "https://[::1]/" }, { url: "ftp://x/" }],
    "ERR_WEBHOOK_URL",
  ],
  ["webhook", [{ url: "bot.example", secret_token: `${SECRET}!` }], "ERR_SECRET_TOKEN"],
  ["secretToken", ["", 5, {}, [], true, [""], `${SECRET}!`], "ERR_SECRET_TOKEN"],
  ["secretTokens", [SECRET], "ERR_OPTION"],
];

const NOT_TEXTS = [null, "message", 5, {}, [5], () => {}];

const OF_POLLING: Wrong = [
  ["token", [undefined, "", null, 5, "S3CRET", ` ${TOKEN}`], "ERR_BOT_TOKEN"],
  ["allowedUpdates", NOT_TEXTS, "ERR_OPTION"],
  ["timeoutS", [-1, 51, 1.5, NaN, Infinity, "5", null], "ERR_OPTION"],
  ["takeOver", [null, "", true, "Delete"], "ERR_OPTION"],
  ["signal", [null, true, {}, new AbortController()], "ERR_OPTION"],
  ["fetch", NOT_FUNCTIONS, "ERR_OPTION"],
  ["onError", NOT_FUNCTIONS, "ERR_OPTION"],
  ["onEvent", NOT_FUNCTIONS, "ERR_OPTION"],
  ["lane", NOT_FUNCTIONS, "ERR_OPTION"],
  ["maxAttempts", NOT_COUNTS, "ERR_OPTION"],
  ["allowed_updates", [["message"]], "ERR_OPTION"],
];

const OF_HOSTING: Wrong = [
  ["pathPrefix", [null, 5, "/bots/"], "ERR_OPTION"],
  ["pathPrefix", ["bots"], "ERR_PATH"],
  ["url", [null, 5, "", "bots.example", {}, Symbol("url")], "ERR_OPTION"],
  ["find", NOT_FUNCTIONS, "ERR_OPTION"],
  ["store", NOT_FUNCTIONS, "ERR_OPTION"],
  ["fetch", NOT_FUNCTIONS, "ERR_OPTION"],
  ["onEvent", NOT_FUNCTIONS, "ERR_OPTION"],
  ["maxPendingInAll", [0, -1, 1.5, NaN, "5", null], "ERR_OPTION"],
  ["secretToken", [SECRET], "ERR_OPTION"],
];

const OF_WATCHING: Wrong = [
  ["onFinding", [undefined, ...NOT_FUNCTIONS], "ERR_OPTION"],
  ["everyMs", [...NOT_COUNTS, 999, Infinity], "ERR_OPTION"],
  [
    "expected",
    [null, 5, "https://bot.example/", { url: "" }, { url: 5 }, { secretToken: SECRET }],
    "ERR_OPTION",
  ],
  ["expected", NOT_TEXTS.map((allowed_updates) => ({ allowed_updates })), "ERR_OPTION"],
  ["expected", [{ max_connections: 0 }, { max_connections: "40" }, { ip_address: 5 }], "ERR_OPTION"],
  ["expected", [{ secret_token: `${SECRET}!` }], "ERR_SECRET_TOKEN"],
  ["certificate", [null, 5, {}, { file: 5 }, [KEY]], "ERR_OPTION"],
  ["maxPending", [-1, 1.5, NaN, Infinity, "5", null], "ERR_OPTION"],
  ["repair", [null, 1, "true", {}, true], "ERR_OPTION"],
  ["signal", [null, true, {}], "ERR_OPTION"],
];

const OF_INSPECTING: Wrong = [
  ["port", [-1, 65_536, 1.5, NaN, "8080", null], "ERR_OPTION"],
  ["api", [null, 5, TOKEN, {}, () => {}], "ERR_OPTION"],
  ["url", [null, 5, "", "bot.example", {}], "ERR_OPTION"],
  ["keep", [...NOT_COUNTS, Infinity, 100_001], "ERR_OPTION"],
];

/** Whether it is an error as they all are: a code, a sentence, and nothing in it that is secret. */
function isMisuse(error: unknown, code: TelehookErrorCode, what: string): true {
  assert.ok(error instanceof TelehookError, `${what} threw ${error}`);
  assert.equal(error.code, code, `${what}: ${error.message}`);
  assert.match(error.message, /^[A-Z"][^]*[^.\s]$|^[a-z]\w+ (?:has no option|needs)/);
  assert.doesNotMatch(`${error.message}\n${error.stack}\n${error.cause}`, HIDDEN);
  return true;
}

/** A value for the title of a test. */
function titleOf(value: unknown): string {
  if (typeof value === "bigint") return `${value}n`;
  if (Array.isArray(value)) return `[${value.map(titleOf).join()}]`;
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

function rows(wrong: Wrong): [option: string, value: unknown, code: TelehookErrorCode][] {
  return wrong.flatMap(([option, values, code]) =>
    values.map((value): [string, unknown, TelehookErrorCode] => [option, value, code])
  );
}

describe("webhook throws at once", () => {
  for (const [option, value, code] of rows(OF_WEBHOOK)) {
    it(`for ${option}: ${titleOf(value)}`, () => {
      const options = { secretToken: SECRET, [option]: value } as unknown as WebhookOptions;
      assert.throws(() => webhook(() => {}, options), (error) => isMisuse(error, code, option));
    });
  }

  for (const options of [undefined, null, SECRET, [], 5, () => {}]) {
    it(`for options that are ${titleOf(options)}`, () => {
      const make = () => webhook(() => {}, options as unknown as WebhookOptions);
      assert.throws(make, (error) => isMisuse(error, "ERR_OPTION", "options"));
    });
  }

  for (const receiver of [undefined, null, 5, {}, { receive() {} }, { allowedUpdates: [] }, [() => {}]]) {
    it(`for a receiver that is ${titleOf(receiver)}`, () => {
      const make = () => webhook(receiver as unknown as Receiver, { secretToken: SECRET });
      assert.throws(make, (error) => isMisuse(error, "ERR_OPTION", "receiver"));
    });
  }
});

describe("listen rejects before it listens", () => {
  for (const [option, value, code] of rows([...OF_WEBHOOK, ...OF_SERVING])) {
    if (option === "path" && value === undefined) continue;
    it(`for ${option}: ${titleOf(value)}`, async () => {
      const options = { secretToken: SECRET, port: 0, [option]: value } as unknown as ListenOptions;
      await assert.rejects(listen(() => {}, options), (error) => isMisuse(error, code, option));
    });
  }

  for (const options of [undefined, null, SECRET, 8080]) {
    it(`for options that are ${titleOf(options)}`, async () => {
      const listening = listen(() => {}, options as unknown as ListenOptions);
      await assert.rejects(listening, (error) => isMisuse(error, "ERR_OPTION", "options"));
    });
  }
});

describe("setWebhookAndListen rejects before it calls anyone", () => {
  const never = () => Promise.reject(new Error("It called the Bot API"));

  for (const [option, value, code] of rows([...OF_REGISTERING, ...OF_SERVING])) {
    it(`for ${option}: ${titleOf(value)}`, async () => {
      const options = {
        token: TOKEN,
        webhook: { url: "https://bot.example/" },
        port: 0,
        hostname: "127.0.0.1",
        fetch: never,
        [option]: value,
      } as unknown as SetWebhookAndListenOptions;
      await assert.rejects(setWebhookAndListen(() => {}, options), (error) => isMisuse(error, code, option));
    });
  }

  it("for a secret that is both none and one", async () => {
    const webhook = { url: "https://bot.example/", secret_token: SECRET };
    const starting = setWebhookAndListen(() => {}, {
      token: TOKEN,
      webhook,
      secretToken: null,
      port: 0,
      fetch: never,
    });
    await assert.rejects(starting, (error) => isMisuse(error, "ERR_SECRET_TOKEN", "secretToken"));
  });

  for (const options of [undefined, null, TOKEN]) {
    it(`for options that are ${titleOf(options)}`, async () => {
      const starting = setWebhookAndListen(() => {}, options as unknown as SetWebhookAndListenOptions);
      await assert.rejects(starting, (error) => isMisuse(error, "ERR_OPTION", "options"));
    });
  }
});

describe("poll rejects before it calls anyone", () => {
  for (const [option, value, code] of rows(OF_POLLING)) {
    it(`for ${option}: ${titleOf(value)}`, async () => {
      const fetch = () => Promise.reject(new Error("It called the Bot API"));
      const options = { token: TOKEN, fetch, [option]: value } as unknown as PollOptions;
      await assert.rejects(poll(() => {}, options), (error) => isMisuse(error, code, option));
    });
  }
});

describe("botHost throws at once", () => {
  for (const [option, value, code] of rows(OF_HOSTING)) {
    it(`for ${option}: ${titleOf(value)}`, () => {
      const options = { [option]: value } as unknown as BotHostOptions;
      assert.throws(() => botHost(() => {}, options), (error) => isMisuse(error, code, option));
    });
  }
});

describe("watchWebhook throws at once", () => {
  const api = botApi(TOKEN, { fetch: () => Promise.reject(new Error("It called the Bot API")) });

  for (const [option, value, code] of rows(OF_WATCHING)) {
    it(`for ${option}: ${titleOf(value)}`, () => {
      const options = { onFinding() {}, [option]: value } as unknown as WatchWebhookOptions;
      assert.throws(() => watchWebhook(api, options), (error) => isMisuse(error, code, option));
    });
  }

  for (const wrong of [undefined, null, TOKEN, {}]) {
    it(`for a client that is ${titleOf(wrong)}`, () => {
      const watch = () => watchWebhook(wrong as unknown as typeof api, { onFinding() {} });
      assert.throws(watch, (error) => isMisuse(error, "ERR_OPTION", "api"));
    });
  }
});

describe("inspect rejects before it listens", () => {
  for (const [option, value, code] of rows(OF_INSPECTING)) {
    it(`for ${option}: ${titleOf(value)}`, async () => {
      const hook = webhook(() => {}, { secretToken: SECRET });
      const options = { [option]: value } as unknown as InspectOptions;
      await assert.rejects(inspect(hook, options), (error) => isMisuse(error, code, option));
    });
  }
});
