import { setTimeout as pause } from "node:timers/promises";
import {
  botApi,
  setWebhookAndListen,
  updateHandlers,
  type UpdateReceiver,
  type WebhookReply,
} from "../../mod.ts";
import { closeOnSignals } from "../serve/close_on_signals.ts";
import { freePort, startTestBotApi } from "../testing/mod.ts";
import type { Command, CommandContext } from "./command.ts";
import { DemoAudience, type DemoUpdate, updatesOf } from "./demo_audience.ts";
import { DemoPage } from "./demo_page.ts";
import { BUTTON, type Scene, story } from "./demo_story.ts";

const HOSTNAME = "127.0.0.1";

/** Between two scenes, so that a person can follow. */
const PAUSE_MS = 100;

/** The whole conversation takes less than this, even on a slow machine. */
const PATIENCE_MS = 15_000;

/** `telehook demo` */
export const command: Command = {
  summary: "Run a sample conversation locally, against a test Bot API server",
  usage: "telehook demo [--inspect]",
  about:
    "Starts a test Bot API server and a bot on this machine. The bot registers its webhook as a real one does, the " +
    "server delivers a short conversation as Telegram does, and the demo prints what the handlers receive. It needs no " +
    "bot, no token and no public address. It fails if anything is lost, arrives twice or is out of order.",
  flags: {
    inspect: { about: "Serve a page on this machine that shows and replays the conversation, until Ctrl-C" },
  },
  examples: ["telehook demo", "telehook demo --inspect"],
  run,
};

async function run({ flags, output }: CommandContext): Promise<number> {
  const page = new DemoPage(output);
  const audience = new DemoAudience();
  const sentAt = new Map<number, number>();
  const bot = demoBot((handler, update) => {
    page.update(update, performance.now() - Math.min(...idsOf(update).map((id) => sentAt.get(id) ?? NaN)));
    audience.hears(handler, update);
  }, (reply) => page.reply(reply));

  await using telegram = await startTestBotApi();
  const port = await freePort();
  await using server = await setWebhookAndListen(bot, {
    token: telegram.token,
    apiRoot: telegram.apiRoot,
    hostname: HOSTNAME,
    port,
    // Telegram sends kinds that are newer than these types only if no kinds are named.
    webhook: { url: `http://${HOSTNAME}:${port}/telegram`, allowed_updates: [] },
  });
  const inspector = flags.has("inspect")
    ? await (await import("../inspector/inspect.ts")).inspect(server, {
      api: botApi(telegram.token, { apiRoot: telegram.apiRoot }),
    })
    : undefined;
  page.start(telegram.apiRoot, server);

  const scenes: Scene[] = [];
  const play = async () => {
    for await (const scene of story(telegram)) {
      for (const { update } of scene.deliveries) sentAt.set(update.update_id, performance.now());
      scenes.push(scene);
      // The next message completes an album, so a pause would be shown as the time that the album took.
      if (scene.deliveries.length === 1) await pause(PAUSE_MS);
    }
    await audience.hasHeard(scenes.length);
    await telegram.idle();
  };
  await atMost(PATIENCE_MS, play());
  const [complaint] = [...audience.complaints(scenes), ...telegram.violations];
  if (complaint !== undefined) throw new Error(`The demo went wrong: ${complaint}`);

  const deliveries = scenes.reduce((sum, scene) => sum + scene.deliveries.length, 0);
  const albums = scenes.filter((scene) => scene.deliveries.length > 1).length;
  page.end({ deliveries, handled: scenes.length, albums });
  if (inspector === undefined) return 0;
  output.print("");
  output.text(`Inspector: ${inspector.url}`);
  output.note("The demo goes on until Ctrl-C, so that you can look at it and replay it");
  await new Promise<void>((resolve) => closeOnSignals(() => resolve()));
  await inspector.close();
  return 0;
}

/** A bot that answers one command, and reports everything that its handlers receive. */
function demoBot(
  tell: (handler: string, update: DemoUpdate) => void,
  tellReply: (reply: string) => void,
): UpdateReceiver {
  const hear = (handler: string) => (update: DemoUpdate) => tell(handler, update);
  return updateHandlers({
    message(update): WebhookReply | void {
      tell("message", update);
      const { text, chat } = update.message;
      if (!text?.startsWith("/start")) return;
      tellReply(`replies within the same HTTP exchange: sendMessage with a button "${BUTTON}"`);
      const reply_markup = { inline_keyboard: [[{ text: BUTTON, callback_data: "map" }]] };
      return { method: "sendMessage", chat_id: chat.id, text: "Welcome to the hike", reply_markup };
    },
    message_media_group: hear("message_media_group"),
    edited_message: hear("edited_message"),
    channel_post: hear("channel_post"),
    channel_post_media_group: hear("channel_post_media_group"),
    callback_query: hear("callback_query"),
    unknown: hear("unknown"),
  });
}

/** The ids of an update, or of all parts of an album. */
function idsOf(update: DemoUpdate): number[] {
  return updatesOf(update).map(({ update_id }) => update_id);
}

async function atMost(ms: number, task: Promise<void>): Promise<void> {
  const signal = new AbortController();
  const tooLong = pause(ms, undefined, { signal: signal.signal }).then(() => {
    throw new Error(`The demo went wrong: not everything arrived within ${ms / 1000} seconds`);
  });
  try {
    await Promise.race([task, tooLong]);
  } finally {
    signal.abort();
    tooLong.catch(() => {});
  }
}
