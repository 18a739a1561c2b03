/*
 * Starts each example on a free port, and drives it as Telegram does: a text is answered, an album arrives whole (or its
 * parts in order), a handler that throws makes the sender send again, and closing loses nothing.
 *
 *     node --import tsx .ci/drive_examples.ts <folder with the installed packages and examples> [words]
 */
import assert from "node:assert/strict";
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { request as httpRequest } from "node:http";
import { join } from "node:path";
import process from "node:process";
import { promisify } from "node:util";
import { deriveSecretToken } from "../mod.ts";
import { freePort, startTestBotApi, type TestBotApi } from "../src/testing/mod.ts";

const [place = "", ...words] = process.argv.slice(2);
const run = promisify(execFile);
const bin = (name: string): string => join(place, "node_modules/.bin", name);

interface Example {
  readonly name: string;
  readonly command: readonly string[];
  readonly folder?: string;
  readonly path?: string;
  /** What must be there before it is started. */
  readonly prepare?: () => Promise<unknown>;
  readonly env?: Readonly<Record<string, string>>;
  /** Whether it registers its webhook itself, polls, or hands on an album's parts. Default: none of these. */
  readonly kind?: "registers" | "polls" | "passes on";
  /** The platform ends, or is ended, without a word to telehook: an album that is pending then is lost. */
  readonly cannotClose?: boolean;
  /** With a durable store, an album that is pending when it closes stays there for the next start. */
  readonly isDurable?: boolean;
  /** More that only this one promises. */
  readonly more?: (telegram: TestBotApi, url: string) => Promise<void>;
}

const onNode = (
  file: string,
): readonly string[] => [process.execPath, "--import", "tsx", `examples/${file}.ts`];
const onDeno = (
  file: string,
): readonly string[] => [bin("deno"), "run", "-A", "--no-check", "--quiet", `examples/${file}.ts`];
const onBun = (file: string): readonly string[] => [bin("bun"), `examples/${file}.ts`];
const telegramPath = { path: "/telegram" };
const passes = { kind: "passes on" } as const;

const EXAMPLES: readonly Example[] = [
  { name: "listen on Node", command: onNode("listen"), ...telegramPath },
  { name: "listen on Deno", command: onDeno("listen"), ...telegramPath },
  { name: "listen on Bun", command: onBun("listen"), ...telegramPath },
  { name: "register on Node", command: onNode("register"), kind: "registers" },
  { name: "register on Deno", command: onDeno("register"), kind: "registers" },
  { name: "register on Bun", command: onBun("register"), kind: "registers" },
  { name: "Node", command: onNode("node") },
  { name: "Deno", command: onDeno("deno") },
  { name: "Bun", command: onBun("bun"), ...telegramPath },
  { name: "Express 5", command: onNode("express"), path: "/bots/telegram" },
  { name: "Express 4", command: onNode("express4"), path: "/bots/telegram" },
  { name: "Fastify", command: onNode("fastify"), ...telegramPath },
  { name: "Koa", command: onNode("koa"), ...telegramPath },
  { name: "Hono on Node", command: onNode("hono"), ...telegramPath },
  { name: "Hono on Deno", command: onDeno("hono"), ...telegramPath },
  { name: "Hono on Bun", command: onBun("hono"), ...telegramPath },
  { name: "Elysia", command: onBun("elysia"), ...telegramPath },
  { name: "Oak", command: onDeno("oak") },
  { name: "h3", command: onNode("h3"), ...telegramPath, more: tryEndlessBody },
  {
    name: "cluster",
    command: [bin("node"), ...onNode("cluster").slice(1)],
    ...telegramPath,
    isDurable: true,
  },
  { name: "many bots", command: onNode("many_bots"), kind: "registers" },
  { name: "poll on Node", command: onNode("poll"), kind: "polls" },
  { name: "poll on Deno", command: onDeno("poll"), kind: "polls" },
  { name: "poll on Bun", command: onBun("poll"), kind: "polls" },
  { name: "grammY", command: onNode("grammy"), ...passes },
  { name: "Telegraf", command: onNode("telegraf"), ...passes },
  { name: "GramIO", command: onNode("gramio"), ...passes },
  { name: "puregram", command: onNode("puregram"), ...passes },
  { name: "node-telegram-bot-api", command: onNode("node_telegram_bot_api"), ...passes },
  {
    name: "Workers (workerd)",
    command: [process.execPath, "workers/run.mjs", "worker"],
    prepare: () => prepareWorker("worker"),
    cannotClose: true,
    more: tryTimersOfWorkers,
  },
  {
    name: "Durable Object (workerd)",
    command: [process.execPath, "workers/run.mjs", "durable_object"],
    prepare: () => prepareWorker("durable_object"),
    cannotClose: true,
  },
  {
    name: "Next.js",
    command: [bin("next"), "start", "--hostname", "127.0.0.1"],
    folder: "next",
    ...telegramPath,
    prepare: prepareNext,
  },
  {
    name: "SvelteKit",
    command: [process.execPath, "build/index.js"],
    folder: "svelte",
    ...telegramPath,
    prepare: prepareSvelteKit,
    env: { HOST: "127.0.0.1" },
    cannotClose: true,
  },
];

/** What a running example writes, for reports of failures. */
interface Running {
  readonly child: ChildProcess;
  readonly output: string[];
  readonly ended: Promise<number | null>;
}

function start(
  { command: [program = "", ...args], folder = "", env }: Example,
  more: NodeJS.ProcessEnv,
): Running {
  const output: string[] = [];
  const child = spawn(program, args, {
    cwd: join(place, folder),
    env: { ...process.env, ...env, ...more },
    stdio: ["ignore", "pipe", "pipe"],
  });
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (data) => output.push(String(data)));
  return { child, output, ended: new Promise((resolve) => child.once("exit", resolve)) };
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function untilListening(port: number, { child }: Running): Promise<void> {
  for (const since = Date.now(); Date.now() - since < 20_000; await pause(50)) {
    if (child.exitCode !== null) throw new Error(`It ended with ${child.exitCode}`);
    try {
      await (await fetch(`http://127.0.0.1:${port}/`)).body?.cancel();
      return;
    } catch {
      // not yet
    }
  }
  throw new Error("It did not listen within 20 s");
}

async function untilRegistered(telegram: TestBotApi, { child }: Running): Promise<void> {
  for (const since = Date.now(); telegram.webhook === undefined; await pause(50)) {
    if (child.exitCode !== null) throw new Error(`It ended with ${child.exitCode}`);
    if (Date.now() - since > 20_000) throw new Error("It did not register its webhook within 20 s");
  }
}

async function drive(example: Example): Promise<void> {
  const { kind, path = "/", prepare, cannotClose = false, isDurable = false, more } = example;
  await prepare?.();
  const port = await freePort();
  const telegram = await startTestBotApi({ waitMs: 10_000 });
  const store = join(place, `${port}.sqlite`);
  const { token, apiRoot } = telegram;
  const secret = await deriveSecretToken(token);
  const env = { PORT: String(port), BOT_TOKEN: token, SECRET_TOKEN: secret, API_ROOT: apiRoot, STORE: store };
  let running = start(example, env);
  const url = `http://127.0.0.1:${port}${path}`;
  try {
    if (kind === "registers") await untilRegistered(telegram, running);
    else if (kind !== "polls") {
      await untilListening(port, running);
      await (await fetch(`${apiRoot}/bot${token}/setWebhook?url=${url}&secret_token=${secret}`)).json();
    }
    await converse(telegram, kind ?? "merges", isDurable);
    await more?.(telegram, url);
    await close(telegram, running, kind, { cannotClose, isDurable });
    if (isDurable) {
      running = start(example, env);
      assert.equal(await text(telegram), "An album of 2");
    }
    if (!cannotClose) assert.deepEqual(telegram.violations, []);
  } catch (error) {
    throw new Error(`${running.output.join("").slice(-1_500)}\n`, { cause: error });
  } finally {
    running.child.kill("SIGKILL");
    await telegram.close();
  }
}

const text = async (telegram: TestBotApi): Promise<unknown> =>
  (await telegram.nextCall("sendMessage")).params["text"];

async function converse(
  telegram: TestBotApi,
  kind: NonNullable<Example["kind"]> | "merges",
  isDurable: boolean,
): Promise<void> {
  const anna = telegram.user({ first_name: "Anna" });
  void anna.sends("hello");
  assert.equal(await text(telegram), "You said: hello");

  const captions = ["one", "two", "three"];
  void anna.sendsAlbum(captions.map((caption) => ({ photo: true, caption })));
  if (kind === "passes on") {
    for (const caption of captions) assert.equal(await text(telegram), `A photo: ${caption}`);
  } else assert.equal(await text(telegram), "An album of 3");

  const failing = anna.sends("/fail");
  assert.equal(await text(telegram), "You said: /fail");
  // A durable store tries again itself what had to wait there, such as for the album to be completed.
  if (kind !== "polls" && !isDurable) {
    assert.equal((await failing).attempts.length, 2, "the sender sends again what failed");
  }
}

/** An album that is pending, or a text on its way, at SIGTERM is answered nevertheless, and the process ends. */
async function close(
  telegram: TestBotApi,
  running: Running,
  kind: Example["kind"],
  { cannotClose, isDurable }: { readonly cannotClose: boolean; readonly isDurable: boolean },
): Promise<void> {
  if (!cannotClose) {
    const boris = telegram.user({ first_name: "Boris" });
    const album = boris.sendsAlbum([{ photo: true, caption: "last" }, { photo: true, caption: "photo" }]);
    if (kind === "polls") await pause(300);
    else await album;
    running.child.kill("SIGTERM");
    if (!isDurable) {
      assert.equal(await text(telegram), kind === "passes on" ? "A photo: last" : "An album of 2");
    }
  } else running.child.kill("SIGTERM");
  const code = await Promise.race([running.ended, pause(15_000).then(() => "It did not end at SIGTERM")]);
  assert.ok(cannotClose || code === 0 || code === 143, `it ended with ${code}`);
}

/** A body that is refused, and whose rest still comes, ends nothing. */
async function tryEndlessBody(telegram: TestBotApi, url: string): Promise<void> {
  const headers = {
    "content-type": "application/json",
    "x-telegram-bot-api-secret-token": await deriveSecretToken(telegram.token),
  };
  const request = httpRequest(url, { method: "POST", headers }); // in chunks, without a length
  const answered = once(request, "response");
  for (let kib = 0; kib < 3 * 1024; kib += 64) request.write(Buffer.alloc(65_536, " "));
  request.end();
  const [answer] = await answered;
  answer.resume();
  assert.equal(answer.statusCode, 413);
  await once(answer, "end");
  void telegram.user().sends("after it");
  assert.equal(await text(telegram), "You said: after it");
}

/** Timers of Workers end with the requests that have set them. */
async function tryTimersOfWorkers(telegram: TestBotApi, url: string): Promise<void> {
  const secret = await deriveSecretToken(telegram.token);
  const post = async (update: object, path = ""): Promise<number> => {
    const since = performance.now();
    const response = await fetch(new URL(path, url), {
      method: "POST",
      headers: { "content-type": "application/json", "x-telegram-bot-api-secret-token": secret },
      body: JSON.stringify(update),
    });
    assert.equal(response.status, 200);
    await response.text();
    return performance.now() - since;
  };
  const message = (id: number, chatId: number, more: object): object => ({
    update_id: 900_000_000 + id,
    message: {
      message_id: id,
      date: 1,
      chat: { id: chatId, type: chatId > 0 ? "private" : "group" },
      ...more,
    },
  });
  const part = (id: number, chatId: number): object =>
    message(id, chatId, { media_group_id: `${chatId}`, photo: [] });

  // A slow handler is acknowledged in time, in every request, after others that set timers have ended.
  for (const chatId of [71, 72]) {
    await post(message(chatId, chatId, { text: "quick" }));
    const ms = await post(message(chatId + 10, chatId + 10, { text: "/slow" }));
    assert.ok(ms > 500 && ms < 1_500, `acknowledged after ${ms} ms`);
    assert.equal(await text(telegram), "You said: /slow");
  }
  // A handler that is done at once does not end the request while more is being claimed.
  await post(part(91, -70));
  await pause(600);
  // An album is handed over although the request that has set the timer has ended.
  for (const id of [101, 102, 103]) await post(part(id, 73));
  assert.equal(await text(telegram), "An album of 3");
  // One delivery without its context may wait for the next request; later albums do not.
  await post(part(111, 74), "/bare");
  await pause(1_000);
  for (const id of [121, 122, 123]) await post(part(id, 75));
  assert.deepEqual([await text(telegram), await text(telegram)].sort(), ["An album of 1", "An album of 3"]);
  for (const id of [131, 132]) await post(part(id, 76));
  assert.equal(await text(telegram), "An album of 2");
}

async function prepareWorker(name: string): Promise<void> {
  mkdirSync(join(place, "workers"), { recursive: true });
  await run(bin("esbuild"), [
    ...[
      `examples/${name}.ts`,
      "--bundle",
      "--format=esm",
      "--external:cloudflare:workers",
      `--outfile=workers/${name}.mjs`,
    ],
  ], { cwd: place });
  writeFileSync(
    join(place, "workers/run.mjs"),
    `import { Miniflare } from "miniflare";
const { PORT, BOT_TOKEN, SECRET_TOKEN, API_ROOT } = process.env;
const worker = new Miniflare({
  modules: true,
  scriptPath: \`workers/\${process.argv[2]}.mjs\`,
  durableObjects: process.argv[2] === "worker" ? {} : { BOT: "Bot" },
  compatibilityDate: "2026-01-01",
  host: "127.0.0.1",
  port: Number(PORT),
  bindings: { BOT_TOKEN, SECRET_TOKEN, API_ROOT },
});
await worker.ready;
process.once("SIGTERM", () => void worker.dispose().then(() => process.exit(0)));
`,
  );
}

async function prepareNext(): Promise<void> {
  const folder = join(place, "next");
  mkdirSync(join(folder, "app/telegram"), { recursive: true });
  const copy = (from: string, to: string): void =>
    writeFileSync(
      join(folder, to),
      readFileSync(join(place, "examples", from), "utf8").replace("./bot.ts", "./bot"),
    );
  copy("next_route.ts", "app/telegram/route.ts");
  copy("bot.ts", "app/telegram/bot.ts");
  writeFileSync(join(folder, "package.json"), '{ "private": true, "type": "module" }');
  writeFileSync(
    join(folder, "next.config.mjs"),
    `export default { typescript: { ignoreBuildErrors: true }, turbopack: { root: ${
      JSON.stringify(place)
    } } };\n`,
  );
  writeFileSync(
    join(folder, "app/layout.js"),
    "export default function Layout({ children }) { return <html><body>{children}</body></html>; }\n",
  );
  writeFileSync(join(folder, "app/page.js"), "export default function Page() { return <p>A bot</p>; }\n");
  await run(bin("next"), ["build"], { cwd: folder, timeout: 180_000 });
}

async function prepareSvelteKit(): Promise<void> {
  const folder = join(place, "svelte");
  mkdirSync(join(folder, "src/routes/telegram"), { recursive: true });
  for (const [from, to] of [["sveltekit_server.ts", "+server.ts"], ["bot.ts", "bot.ts"]] as const) {
    writeFileSync(join(folder, "src/routes/telegram", to), readFileSync(join(place, "examples", from)));
  }
  writeFileSync(join(folder, "package.json"), '{ "private": true, "type": "module" }');
  writeFileSync(
    join(folder, "vite.config.js"),
    'import { sveltekit } from "@sveltejs/kit/vite";\nexport default { plugins: [sveltekit()] };\n',
  );
  writeFileSync(
    join(folder, "svelte.config.js"),
    'import adapter from "@sveltejs/adapter-node";\nexport default { kit: { adapter: adapter(), csrf: { checkOrigin: false } } };\n',
  );
  writeFileSync(
    join(folder, "src/app.html"),
    "<!doctype html><html><head>%sveltekit.head%</head><body><div>%sveltekit.body%</div></body></html>\n",
  );
  const env = { ...process.env, BOT_TOKEN: "1:build" }; // it loads the module to learn what it exports
  await run(bin("vite"), ["build"], { cwd: folder, timeout: 120_000, env });
}

/** The handler of Lambda is called with events, as the platform does. */
async function driveLambda(): Promise<void> {
  const telegram = await startTestBotApi();
  try {
    const secret = await deriveSecretToken(telegram.token);
    const script = `
      const { handler } = await import("./examples/lambda.ts");
      const event = (id, text) => ({
        version: "2.0",
        rawPath: "/",
        headers: { "content-type": "application/json", "x-telegram-bot-api-secret-token": ${
      JSON.stringify(secret)
    } },
        requestContext: { http: { method: "POST", sourceIp: "149.154.167.1" } },
        body: JSON.stringify({ update_id: id, message: { message_id: id, date: 1, chat: { id: 5, type: "private" }, text } }),
        isBase64Encoded: false,
      });
      const answers = [];
      for (const [id, text] of [[1, "hello"], [2, "/fail"], [2, "/fail"]]) answers.push(await handler(event(id, text)));
      console.log(JSON.stringify(answers.map(({ statusCode, body }) => [statusCode, body && JSON.parse(body).text])));`;
    const env = { ...process.env, BOT_TOKEN: telegram.token, API_ROOT: telegram.apiRoot };
    const { stdout } = await run(process.execPath, ["--import", "tsx", "--input-type=module", "-e", script], {
      cwd: place,
      env,
    });
    assert.deepEqual(JSON.parse(stdout), [[200, "You said: hello"], [500, ""], [200, "You said: /fail"]]);
  } finally {
    await telegram.close();
  }
}

/** The lines of docs/migrating.md, as a newcomer pastes them; only what leads to the test server is added. */
async function driveMigrating(): Promise<void> {
  const [, lines] = /^```ts ignore\n([\s\S]*?)^```/m.exec(readFileSync("docs/migrating.md", "utf8")) ?? [];
  assert.ok(lines !== undefined && lines.trimEnd().split("\n").length <= 12);
  const telegram = await startTestBotApi({ waitMs: 10_000 });
  const port = await freePort();
  const apiRoot = `apiRoot: ${JSON.stringify(telegram.apiRoot)}, `;
  const pasted = lines.replace("https://bot.example.org/", `http://127.0.0.1:${port}/`).replace(
    "8080",
    `${port}`,
  )
    .replace("client: { ", `client: { ${apiRoot}`).replace("{ token, ", `{ token, ${apiRoot}`);
  writeFileSync(join(place, "examples/migrating.mts"), pasted);
  const running = start({ name: "", command: [bin("node"), "examples/migrating.mts"] }, {
    BOT_TOKEN: telegram.token,
  });
  try {
    await untilRegistered(telegram, running);
    const anna = telegram.user({ first_name: "Anna" });
    const texts = ["one", "two", "three"];
    const answers = Promise.all(texts.map(() => text(telegram)));
    await Promise.all(texts.map((each) => anna.sends(each)));
    await anna.sendsAlbum([{ photo: true }, { photo: true }]);
    assert.deepEqual(await answers, texts.map((each) => `You said: ${each}`));
    running.child.kill("SIGTERM");
    assert.equal(await running.ended, 0);
    assert.deepEqual(telegram.violations, []);
  } catch (error) {
    throw new Error(`${running.output.join("").slice(-1_500)}\n`, { cause: error });
  } finally {
    running.child.kill("SIGKILL");
    await telegram.close();
  }
}

const all: readonly { readonly name: string; readonly drive: () => Promise<void> }[] = [
  ...EXAMPLES.map((example) => ({ name: example.name, drive: () => drive(example) })),
  { name: "Lambda", drive: driveLambda },
  { name: "grammY, as docs/migrating.md has it", drive: driveMigrating },
];
const chosen = all.filter(({ name }) =>
  words.length === 0 || words.some((word) => name.toLowerCase().includes(word.toLowerCase()))
);
const failures: string[] = [];
const queue = [...chosen];
async function work(): Promise<void> {
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    const since = performance.now();
    let problem: unknown;
    await next.drive().catch((error) => problem = error);
    const seconds = ((performance.now() - since) / 1_000).toFixed(1);
    console.log(`${problem === undefined ? "ok  " : "FAIL"} ${next.name} (${seconds} s)`);
    if (problem === undefined) continue;
    failures.push(next.name);
    const { message, cause } = problem as Error;
    console.log(`${message}${cause ?? ""}`.replace(/^/gm, "     "));
  }
}
await Promise.all([work(), work(), work()]);
console.log(`\n${chosen.length - failures.length} passed, ${failures.length} failed`);
process.exit(failures.length === 0 ? 0 : 1);
