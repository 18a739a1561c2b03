/**
 * The adapter for `Bun.serve`.
 *
 * @module
 */
import type { DeliveryHandler } from "../webhook.ts";
import { startBun } from "./bun_transport.ts";
import { type ServeOptions, startServer, type WebhookServer } from "./server.ts";

/**
 * Serves a webhook, or a host of many bots, with `Bun.serve`.
 *
 * @typeParam Handler A webhook, or a host of many bots.
 * @param handler What `webhook(receiver, options)` or `botHost(receiver, options)` returned.
 * @param options Where to listen, and with which certificate.
 * @returns The server, once it listens.
 * @throws {TelehookError} `ERR_LISTEN` if the address or port cannot be used, `ERR_TLS` if the certificate or key cannot
 * be used, `ERR_FILE` if a file of `tls` cannot be read, `ERR_OPTION`, `ERR_RUNTIME` on another runtime.
 * @see https://bun.com/docs/api/http
 *
 * @example
 * ```ts ignore
 * import { webhook } from "@telehook/telehook";
 * import { serve } from "@telehook/telehook/bun";
 *
 * const hook = webhook((update) => console.log(update.update_id), { secretToken: "a-long-random-secret" });
 * const server = await serve(hook, { port: 8080 });
 * console.log(server.url);
 * await server.finished;
 * ```
 */
export function serve<Handler extends DeliveryHandler>(
  handler: Handler,
  options?: ServeOptions,
): Promise<WebhookServer<Handler>> {
  return startServer("bun", startBun, handler, options);
}
