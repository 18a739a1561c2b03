/**
 * The adapter for `Deno.serve`.
 *
 * @module
 */
import type { DeliveryHandler } from "../webhook.ts";
import { startDeno } from "./deno_transport.ts";
import { type ServeOptions, startServer, type WebhookServer } from "./server.ts";

/**
 * Serves a webhook, or a host of many bots, with `Deno.serve`, which keeps idle connections for as long as Telegram does, and answers HTTP/2 too.
 *
 * Deno has no time limit for the head of a request, and a program cannot set one: a client that opens many connections
 * and sends nothing, or a head byte by byte, or requests whose answers it never reads, or half of a body that was refused,
 * keeps them open; and a TLS handshake or a refused body that never ends keeps the process running after closing, until its
 * client disconnects. Out of file descriptors, telehook closes idle connections and opens the port again, but anyone can
 * make it do so again. On a public address, put a reverse proxy in front. The adapter for `node:http` (`telehook/node`) has
 * a limit of 30 seconds on Deno too, but never accepts a connection again once it was out of file descriptors there.
 *
 * @typeParam Handler A webhook, or a host of many bots.
 * @param handler What `webhook(receiver, options)` or `botHost(receiver, options)` returned.
 * @param options Where to listen, and with which certificate.
 * @returns The server, once it listens.
 * @throws {TelehookError} `ERR_LISTEN` if the address or port cannot be used, `ERR_TLS` if the certificate or key cannot
 * be used, `ERR_FILE` if a file of `tls` cannot be read, `ERR_OPTION`, `ERR_RUNTIME` on another runtime.
 * @see https://docs.deno.com/api/deno/~/Deno.serve
 *
 * @example
 * ```ts ignore
 * import { webhook } from "@telehook/telehook";
 * import { serve } from "@telehook/telehook/deno";
 *
 * const hook = webhook((update) => console.log(update.update_id), { secretToken: "a-long-random-secret" });
 * await using server = await serve(hook, { port: 8080 });
 * console.log(server.url);
 * await server.finished;
 * ```
 */
export function serve<Handler extends DeliveryHandler>(
  handler: Handler,
  options?: ServeOptions,
): Promise<WebhookServer<Handler>> {
  return startServer("deno", startDeno, handler, options);
}
