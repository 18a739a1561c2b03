/*
 * The measuring half of bench/in_process.ts, on the runtime that is measured. Where `gc()` is exposed it measures bytes, else
 * microseconds: collections before each round would be at the cost of speed, as V8 drops compiled code with the shapes of
 * the objects that it was made for. Writes JSON.
 */
import assert from "node:assert/strict";
import { updateHandlers, webhook } from "../mod.ts";
import { pipelineOf } from "../src/webhook.ts";
import { checksByHand } from "./by_hand.ts";
import { albumPart, callbackQuery, SECRET, textUpdate } from "./deliveries.ts";
import { median, medianRatio } from "./machine.ts";

/** One line of the table, in microseconds or bytes for each update. */
export interface Measured {
  readonly what: string;
  readonly floor: string;
  readonly floorValue: number;
  readonly value: number;
  /** The median of each round's quotient. */
  readonly ratio: number;
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

/** What is asked only about a body that is not JSON. */
const HEAD = {
  method: "POST",
  path: "/hook",
  address: undefined,
  contentLength: undefined,
  headers: [],
  header: () => undefined,
};

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

/** One batch: @returns microseconds for each update, or bytes of heap. */
async function measure<T>({ make, work }: Way<T>): Promise<number> {
  const inputs = Array.from({ length: BATCH }, () => make(nextId++));
  await new Promise((resolve) => setTimeout(resolve)); // as the event loop turns between deliveries
  if (gc !== undefined) {
    gc();
    const before = heapUsed();
    await work(inputs);
    return (heapUsed() - before) / BATCH;
  }
  const start = performance.now();
  await work(inputs);
  return (performance.now() - start) * 1_000 / BATCH;
}

function heapUsed(): number {
  return globalThis.process.memoryUsage().heapUsed;
}

async function compare<A, B>(
  what: string,
  floorName: string,
  floor: Way<A>,
  telehook: Way<B>,
): Promise<Measured> {
  const floors: number[] = [];
  const ours: number[] = [];
  for (let round = -WARM_UP; round < ROUNDS; round++) {
    // Each is first in every other round.
    const first = round % 2 === 0 ? await measure(floor) : undefined;
    const our = await measure(telehook);
    const other = first ?? await measure(floor);
    if (round < 0) continue;
    floors.push(other);
    ours.push(our);
  }
  return {
    what,
    floor: floorName,
    floorValue: median(floors),
    value: median(ours),
    ratio: medianRatio(ours, floors),
  };
}

let parsed = 0; // so that no parsing can be left out as unused

/** The least that any handler does. */
const bareHandler = async (request: Request): Promise<Response> => {
  const update = await request.json();
  if (update.update_id > 0) parsed++;
  return new Response();
};

/** As telehook reads it where no server enforces the declared length. */
const handwritten = checksByHand(async (request) => JSON.parse(await request.text()), () => {
  parsed++;
});

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
      const answer = pipeline.receiveBytes(each, HEAD);
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
  assert.equal(await status("{", { ...HEADERS, "content-type": "text/plain" }), 415);
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
  assert.equal(
    pipeline.receiveBytes(new TextEncoder().encode(textUpdate(nextId++)), HEAD) instanceof Promise,
    false,
  );
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
    "handler(request), text",
    "the same checks by hand",
    requests(textUpdate, handwritten),
    requests(textUpdate, hook),
  ),
);
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
