/*
 * The measuring half of bench/in_process.ts, on the runtime that is measured. Writes JSON.
 */
import assert from "node:assert/strict";
import { updateHandlers, webhook } from "../mod.ts";
import { pipelineOf } from "../src/webhook.ts";
import { albumPart, callbackQuery, SECRET, textUpdate } from "./deliveries.ts";
import { median, medianRatio } from "./machine.ts";

/** One line of the table. */
export interface Measured {
  readonly what: string;
  readonly floor: string;
  readonly floorUs: number;
  readonly us: number;
  /** The median of each round's quotient. */
  readonly ratio: number;
  /** Bytes for each update, where the runtime can tell. */
  readonly floorHeap: number | undefined;
  readonly heap: number | undefined;
}

const ROUNDS = Number(globalThis.process.argv[2] ?? 60);
const WARM_UP = 15;
const BATCH = 1_000;
const URL = "https://bot.example/hook";
const HEADERS = { "content-type": "application/json", "x-telegram-bot-api-secret-token": SECRET };

let handled = 0;
let albums = 0;
const count = () => {
  handled++;
};
const bot = updateHandlers({
  message: count,
  callback_query: count,
  message_media_group: ({ message_media_group: { messages } }) => {
    albums++;
    handled += messages.length;
  },
});
const slowBot = updateHandlers({
  message: async () => {
    await undefined;
    handled++;
  },
});
const hook = webhook(bot, { secretToken: SECRET, path: "/hook" });
const hookOfPromises = webhook(slowBot, { secretToken: SECRET, path: "/hook" });
const pipeline = pipelineOf(hook);

let nextId = 100_000_000;
const { gc } = globalThis as { gc?: () => void };

/** As a server makes it: with the length that was declared. */
function request(body: string, headers: Record<string, string> = HEADERS): Request {
  return new Request(URL, {
    method: "POST",
    headers: { ...headers, "content-length": `${body.length}` },
    body,
  });
}

/** Makes what one batch works on, which is not timed, and then does the work, which is. */
type Way<T> = {
  readonly make: (id: number) => T;
  readonly work: (inputs: readonly T[]) => void | Promise<void>;
};

type Timed = { readonly us: number; readonly heap: number | undefined };

async function time<T>({ make, work }: Way<T>): Promise<Timed> {
  const inputs = Array.from({ length: BATCH }, () => make(nextId++));
  gc?.();
  const before = heapUsed();
  const start = performance.now();
  await work(inputs);
  const us = (performance.now() - start) * 1_000 / BATCH;
  const after = heapUsed();
  return { us, heap: before === undefined || after === undefined ? undefined : (after - before) / BATCH };
}

/** JavaScriptCore says only at a collection what it holds. */
function heapUsed(): number | undefined {
  return "Bun" in globalThis ? undefined : globalThis.process.memoryUsage().heapUsed;
}

async function compare<A, B>(
  what: string,
  floorName: string,
  floor: Way<A>,
  telehook: Way<B>,
): Promise<Measured> {
  const floors: Timed[] = [];
  const ours: Timed[] = [];
  for (let round = -WARM_UP; round < ROUNDS; round++) {
    // Each is first in every other round.
    const first = round % 2 === 0 ? await time(floor) : undefined;
    const our = await time(telehook);
    const other = first ?? await time(floor);
    if (round < 0) continue;
    floors.push(other);
    ours.push(our);
  }
  const middle = (all: readonly Timed[]) => median(all.map(({ us }) => us));
  const heap = (all: readonly Timed[]) => {
    const known = all.flatMap((each) => each.heap ?? []);
    return known.length === 0 ? undefined : median(known);
  };
  return {
    what,
    floor: floorName,
    floorUs: middle(floors),
    us: middle(ours),
    ratio: medianRatio(ours.map(({ us }) => us), floors.map(({ us }) => us)),
    floorHeap: heap(floors),
    heap: heap(ours),
  };
}

let parsed = 0; // so that no parsing can be left out as unused

/** The least that any handler does. */
const bareHandler = async (request: Request): Promise<Response> => {
  const update = await request.json();
  if (update.update_id > 0) parsed++;
  return new Response();
};

const requests = (
  write: (id: number) => string,
  handler: (request: Request) => Promise<Response>,
): Way<Request> => ({
  make: (id) => request(write(id)),
  async work(inputs) {
    for (const each of inputs) {
      const { status } = await handler(each);
      if (status !== 200) throw new Error(`Answered with ${status}`);
    }
  },
});

const decoder = new TextDecoder("utf-8", { fatal: true });
const texts = (write: (id: number) => string): Way<string> => ({
  // Decoded, as the text of a real body is: a text that was put together is not flat before it is first read.
  make: (id) => decoder.decode(Buffer.from(write(id))),
  work(inputs) {
    for (const each of inputs) if (JSON.parse(each).update_id > 0) parsed++;
  },
});
const decoded = (write: (id: number) => string): Way<Uint8Array> => ({
  make: (id) => Buffer.from(write(id)),
  work(inputs) {
    for (const each of inputs) if (JSON.parse(decoder.decode(each)).update_id > 0) parsed++;
  },
});
const taken = (write: (id: number) => string): Way<Uint8Array> => ({
  make: (id) => Buffer.from(write(id)),
  async work(inputs) {
    for (const each of inputs) {
      const answer = pipeline.takeBytes(each);
      const { status } = answer instanceof Promise ? await answer : answer;
      if (status !== 200) throw new Error(`Answered with ${status}`);
    }
  },
});

/** That the work is done: checks refuse, updates reach handlers once, albums come whole. */
async function assertWorks(): Promise<void> {
  const status = async (body: string, headers?: Record<string, string>, to = hook) =>
    (await to(request(body, headers))).status;
  const text = textUpdate(nextId++);
  assert.equal(text.length, 613);
  assert.equal(await status(text, { ...HEADERS, "x-telegram-bot-api-secret-token": "wrong" }), 401);
  assert.equal(await status(text, { ...HEADERS, "content-type": "text/plain" }), 415);
  assert.equal(
    (await hook(new Request("https://bot.example/", { method: "POST", headers: HEADERS }))).status,
    404,
  );
  assert.equal(await status("{"), 400);
  assert.equal(handled, 0);
  assert.equal(await status(text), 200);
  assert.equal(await status(text), 200);
  assert.equal(handled, 1, "a duplicate is not handled again");
  assert.equal(await status(callbackQuery(nextId++)), 200);
  assert.equal(handled, 2);
  assert.equal(await status(textUpdate(nextId++), HEADERS, hookOfPromises), 200);
  assert.equal(handled, 3);
  nextId = Math.ceil(nextId / 10) * 10;
  for (let part = 0; part < 10; part++) assert.equal(await status(albumPart(nextId++)), 200);
  await new Promise((resolve) => setTimeout(resolve));
  assert.deepEqual([handled, albums], [13, 1], "ten parts are one album");
  assert.equal(pipeline.takeBytes(new TextEncoder().encode(textUpdate(nextId++))) instanceof Promise, false);
  assert.equal(handled, 14);
}

await assertWorks();
nextId = Math.ceil(nextId / BATCH) * BATCH; // whole albums in each batch
const before = { handled, sent: 0 };
const JSON_FLOOR = "request.json() + new Response()";
const results: Measured[] = [];
const KINDS = { "text": textUpdate, "callback query": callbackQuery, "album part": albumPart };
for (const [what, write] of Object.entries(KINDS)) {
  results.push(
    await compare(
      `handler(request), ${what}`,
      JSON_FLOOR,
      requests(write, bareHandler),
      requests(write, hook),
    ),
  );
}
results.push(
  await compare(
    "handler(request), text, async receiver",
    JSON_FLOOR,
    requests(textUpdate, bareHandler),
    requests(textUpdate, hookOfPromises),
  ),
);
for (const [what, write] of Object.entries(KINDS)) {
  results.push(await compare(`bytes in, ${what}`, "JSON.parse", texts(write), taken(write)));
}
results.push(
  await compare("bytes in, text", "decode + JSON.parse", decoded(textUpdate), taken(textUpdate)),
);
await new Promise((resolve) => setTimeout(resolve));
const updates = results.length * (ROUNDS + WARM_UP) * BATCH;
assert.equal(handled - before.handled, updates, "every update was handled once");
assert.ok(parsed >= updates, "every floor has parsed its updates");
console.log(JSON.stringify(results));
await Promise.all([hook.close(), hookOfPromises.close()]);
