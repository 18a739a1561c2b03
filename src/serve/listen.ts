import type { Receiver } from "../receiver/receiver.ts";
import { TelehookError } from "../errors/telehook_error.ts";
import { checkOptionNames } from "../checks/options.ts";
import {
  createWebhook,
  type DeliveryHandler,
  isDeliveryHandler,
  pipelineOf,
  WEBHOOK_OPTION_NAMES,
  type WebhookOptions,
} from "../webhook.ts";
import { SERVE_OPTION_NAMES, type ServeOptions, type WebhookServer } from "./server.ts";
import type { ServerRuntime } from "./transport.ts";

/** Options of {@link listen}: those of a webhook, and where to listen. `path` is `"/"` by default. */
export interface ListenOptions extends WebhookOptions, ServeOptions {}

/** The names of all options of {@link listen}. */
export const LISTEN_OPTION_NAMES: Readonly<Record<keyof ListenOptions, true>> = {
  ...WEBHOOK_OPTION_NAMES,
  ...SERVE_OPTION_NAMES,
};

/**
 * Starts a server for what `webhook(receiver, options)` or `botHost(receiver, options)` returned.
 *
 * @typeParam Handler A webhook, or a host of many bots.
 * @param handler What answers.
 * @param options Where to listen.
 * @returns The server, once it listens. Closing it closes the handler too.
 * @throws {TelehookError} As with a receiver.
 *
 * @example
 * ```ts
 * import { botHost, listen } from "@telehook/telehook";
 *
 * const host = botHost((update, { bot }) => console.log(bot?.id, update.update_id), {});
 * await host.add("123456789:AAexample");
 * const server = await listen(host, { hostname: "127.0.0.1", port: 0 });
 * await server.close();
 * ```
 */
export function listen<Handler extends DeliveryHandler>(
  handler: Handler,
  options?: ServeOptions,
): Promise<WebhookServer<Handler>>;
/**
 * Starts a server for a webhook with the current runtime's `Deno.serve`, `Bun.serve` or `node:http`. It does not register
 * the webhook with Telegram; {@link setWebhookAndListen} does both.
 *
 * @param receiver Receives the updates.
 * @param options Who may deliver, when updates are acknowledged, and where to listen. `secretToken` is required.
 * @returns The server, once it listens.
 * @throws {TelehookError} `ERR_OPTION` and the like for wrong options, `ERR_LISTEN` if the address or port cannot be used,
 * `ERR_TLS` if the certificate or key cannot be used, `ERR_FILE` if a file of `tls` cannot be read, `ERR_RUNTIME` where
 * no server can be started, or none with `reusePort`.
 *
 * @example
 * ```ts
 * import { listen, updateHandlers } from "@telehook/telehook";
 *
 * const server = await listen(
 *   updateHandlers({ message: ({ message }) => console.log(message.text) }),
 *   { secretToken: "a-long-random-secret", hostname: "127.0.0.1", port: 0 },
 * );
 * console.log(server.url); // http://127.0.0.1:49152/
 * await server.close();
 * ```
 */
export function listen(receiver: Receiver, options: ListenOptions): Promise<WebhookServer>;
export async function listen(
  target: Receiver | DeliveryHandler,
  options?: ListenOptions | ServeOptions,
): Promise<WebhookServer<DeliveryHandler>> {
  if (isDeliveryHandler(target)) return await (await adapter())(target, options);
  // The overloads say that a receiver comes with the options of a webhook.
  return await listenWith(target as Receiver, options as ListenOptions);
}

async function listenWith(receiver: Receiver, options: ListenOptions): Promise<WebhookServer> {
  checkOptionNames("listen", options, LISTEN_OPTION_NAMES);
  const { port, hostname, tls, reusePort, signal, closeOnSignals, path = "/", ...webhookOptions } = options;
  const serve = await adapter();
  const hook = createWebhook(receiver, { ...webhookOptions, path });
  const server = await serve(hook, { port, hostname, tls, reusePort, signal, closeOnSignals });
  try {
    await pipelineOf(hook).inbox.open(); // not before it listens: if it cannot, the store is left as it was
  } catch (error) {
    await server.close({ timeoutMs: 0 });
    throw error;
  }
  return server;
}

type Serve = <Handler extends DeliveryHandler>(
  handler: Handler,
  options?: ServeOptions,
) => Promise<WebhookServer<Handler>>;

/** Only the adapter that is used is loaded. */
async function adapter(): Promise<Serve> {
  switch (currentRuntime()) {
    case "deno":
      return (await import("./deno.ts")).serve;
    case "bun":
      return (await import("./bun.ts")).serve;
    case "node":
      return (await import("./node.ts")).serve;
    case undefined:
      throw new TelehookError(
        "ERR_RUNTIME",
        "listen() needs Deno, Bun or Node: elsewhere, pass webhook(receiver, options) to the platform as its fetch handler",
      );
  }
}

function currentRuntime(): ServerRuntime | undefined {
  // Deno and Bun have a `process` too, so that of Node comes last.
  if ("Deno" in globalThis) return "deno";
  if ("Bun" in globalThis) return "bun";
  if ("process" in globalThis) return "node";
  return undefined;
}
