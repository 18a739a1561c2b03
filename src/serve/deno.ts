/**
 * The adapter for `Deno.serve`.
 *
 * @module
 */
import type { Webhook } from "../webhook.ts";
import { startDeno } from "./deno_transport.ts";
import { type ServeOptions, startServer, type WebhookServer } from "./server.ts";

/**
 * Serves a webhook with `Deno.serve`. Deno keeps idle connections for as long as Telegram does, and answers HTTP/2 too.
 *
 * @param hook What `webhook(receiver, options)` returned.
 * @param options Where to listen, and with which certificate.
 * @throws {TelehookError} `ERR_LISTEN` if the address or port cannot be had, `ERR_TLS` if the certificate or key cannot
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
export function serve(hook: Webhook, options?: ServeOptions): Promise<WebhookServer> {
  return startServer("deno", startDeno, hook, options);
}
