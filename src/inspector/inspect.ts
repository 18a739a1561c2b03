/**
 * A page on this machine that shows what a webhook or a poller does, live: deliveries, media groups, lanes, refusals, what is
 * parked, and what Telegram says. It replays what came, edited or not.
 *
 * @example
 * ```ts
 * import { webhook } from "@telehook/telehook";
 * import { inspect } from "@telehook/telehook/inspector";
 *
 * const hook = webhook((update) => console.log(update.update_id), { secretToken: "a-long-random-secret" });
 * const inspector = await inspect(hook);
 * console.log(inspector.url); // http://127.0.0.1:49152/2f1c…/
 * await inspector.close();
 * await hook.close();
 * ```
 *
 * @module
 */
/// <reference lib="esnext.disposable" preserve="true" />
// Symbol.asyncDispose is part of the published types, and not of every consumer's lib.
import { isPromise } from "../platform/promises.ts";
import type { BotApi } from "../bot_api/bot_api.ts";
import { checkAddress, checkBotApi, checkNumber, checkOptionNames } from "../checks/options.ts";
import { TelehookError } from "../errors/telehook_error.ts";
import type { DeliveryHead } from "../guard/head.ts";
import { type Inspectable, inspectablePoller } from "../operate/inspectable.ts";
import type { Poller } from "../poll/poll.ts";
import type { WebhookServer } from "../serve/server.ts";
import { quote } from "../text/quote.ts";
import { isDeliveryHandler, pipelineOf, type Webhook } from "../webhook.ts";
import { Inspection } from "./inspection.ts";
import { startInspectorServer } from "./inspector_server.ts";

/** Options of {@link inspect}. */
export interface InspectOptions {
  /** The port on 127.0.0.1; 0 picks a free one. Default: 0. */
  readonly port?: number | undefined;
  /**
   * The bot's client, to show what Telegram says about the webhook. Default: the one of a poller; for a webhook, that is not
   * shown.
   */
  readonly api?: BotApi | undefined;
  /** The webhook's address, for the commands to copy. Default: the server's, or `http://127.0.0.1:8080` and the path. */
  readonly url?: string | undefined;
  /** How many deliveries are kept. Default: 1000; from 1 to 100 000. */
  readonly keep?: number | undefined;
}

/** A running inspector. */
export interface Inspector {
  /** The address of the page. Who knows it sees every update: it contains a random token. */
  readonly url: string;
  /** Ends it. The webhook goes on. */
  close(): Promise<void>;
  /** Closes, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
}

const OPTION_NAMES = { port: true, api: true, url: true, keep: true } as const satisfies Record<
  keyof InspectOptions,
  true
>;

/**
 * Serves a page that shows what a webhook or a poller does. It listens on 127.0.0.1 only, answers only who knows the token in its address,
 * loads nothing from elsewhere, and does not keep the process running. Open it before the updates come: it shows what it
 * sees. It works on Node, Deno and Bun.
 *
 * It is made for development. In production, `health`, `metrics` and `onEvent` cost less and show nothing of what people write.
 *
 * @param target What `listen`, `setWebhookAndListen`, `webhook` or `poll` returned, or one bot of a `botHost`: `host.get(id)`.
 * @param options Where to listen, and what else to show.
 * @returns The inspector, once it listens.
 * @throws {TelehookError} `ERR_OPTION` for a wrong option, `ERR_RUNTIME` where there is no `node:http`; and the runtime's own
 * error if the port is in use.
 *
 * @example
 * ```ts ignore
 * import { botApi, listen } from "@telehook/telehook";
 * import { inspect } from "@telehook/telehook/inspector";
 *
 * const server = await listen((update) => console.log(update.update_id), { secretToken: "a-long-random-secret" });
 * const { url } = await inspect(server, { api: botApi(process.env.BOT_TOKEN ?? "") });
 * console.log(`Inspector: ${url}`);
 * ```
 */
export async function inspect(
  target: Webhook | WebhookServer | Poller,
  options: InspectOptions = {},
): Promise<Inspector> {
  checkOptionNames("inspect", options, OPTION_NAMES);
  const port = checkNumber("port", options.port, { default: 0, min: 0, max: 65_535 });
  const keep = checkNumber("keep", options.keep, { default: 1_000, min: 1, max: 100_000 });
  checkBotApi("api", options.api);
  checkAddress("url", options.url, "https://bot.example.org/telegram");
  const inspectable = inspectableOf(target);
  const url = options.url ?? ("url" in target ? target.url : undefined);
  const inspection = new Inspection(inspectable, { api: options.api ?? inspectable.api, url, keep });
  try {
    const server = await startInspectorServer(inspection, port);
    const close = async () => {
      inspection.close();
      await server.close();
    };
    return { url: server.url, close, [Symbol.asyncDispose]: close };
  } catch (error) {
    inspection.close();
    throw error;
  }
}

/** What is behind a webhook, a server or a poller. */
function inspectableOf(target: Webhook | WebhookServer | Poller): Inspectable {
  const poller = inspectablePoller(target);
  if (poller !== undefined) return poller;
  const hook = typeof target === "object" && target !== null && "webhook" in target ? target.webhook : target;
  if (!isDeliveryHandler(hook)) {
    const given = isPromise(target) ? "a promise: await it" : quote(target);
    throw new TelehookError(
      "ERR_OPTION",
      `inspect takes what listen, webhook or poll returned, not ${given}`,
    );
  }
  if (!("receive" in hook)) {
    throw new TelehookError(
      "ERR_OPTION",
      "inspect shows one bot, not a host of many. Pass that bot's webhook: inspect(host.get(id))",
    );
  }
  const pipeline = pipelineOf(hook as Webhook);
  const { inbox, events, path } = pipeline;
  return {
    ...{ inbox, events, path, isPolling: false },
    receive: (update) => void pipeline.receiveUnasked(update, FROM_HERE),
  };
}

/** A replay comes from nowhere, and passes no guard. */
const FROM_HERE: DeliveryHead = {
  ...{ method: "POST", path: "", address: "the inspector", contentLength: undefined, headers: [] },
  header: () => null,
};
