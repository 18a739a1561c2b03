/**
 * The adapter for `Bun.serve`.
 *
 * @module
 */
import type { Webhook } from "../webhook.ts";
import { type ServeOptions, startServer, type WebhookServer } from "./server.ts";
import { KEEP_ALIVE_MS, type PemPair, type StartTransport } from "./transport.ts";

/** As much of `Bun.serve` as is used, so that the types load where there are none of Bun's. */
interface BunServe {
  serve(options: {
    port: number;
    hostname: string;
    tls?: PemPair;
    idleTimeout: number;
    maxRequestBodySize: number;
    development: false;
    reusePort: false;
    fetch: (request: Request, server: unknown) => Promise<Response>;
  }): { readonly port: number; stop(closeActiveConnections?: boolean): Promise<void> };
}

// The webhook's own limit answers; Bun would only cut the connection. This one is for what no answer is worth.
const LARGEST_BODY = 2 ** 30;

/**
 * Serves a webhook with `Bun.serve`.
 *
 * @param hook What `webhook(receiver, options)` returned.
 * @param options Where to listen, and with which certificate.
 * @throws {TelehookError} `ERR_LISTEN` if the address or port cannot be had, `ERR_TLS` if the certificate or key cannot
 * be used, `ERR_RUNTIME` on another runtime.
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
export function serve(hook: Webhook, options?: ServeOptions): Promise<WebhookServer> {
  return startServer("bun", startBun, hook, options);
}

const startBun: StartTransport = (hook, { port, hostname, tls }) => {
  const { Bun } = globalThis as { Bun?: BunServe };
  if (Bun === undefined) throw new ReferenceError("There is no Bun.serve here");
  const server = Bun.serve({
    port,
    hostname,
    ...(tls && { tls }),
    idleTimeout: KEEP_ALIVE_MS / 1000,
    maxRequestBodySize: LARGEST_BODY,
    development: false,
    reusePort: false, // true outside of development, and then a busy port would be shared instead of refused
    fetch: hook,
  });
  return Promise.resolve({
    port: server.port,
    stop: () => server.stop(),
    cut: () => void server.stop(true),
  });
};
