/**
 * The adapter for `Deno.serve`.
 *
 * @module
 */
import type { Webhook } from "../webhook.ts";
import { type ServeOptions, startServer, type WebhookServer } from "./server.ts";
import type { StartTransport } from "./transport.ts";

/** As much of `Deno.serve` as is used, so that the types load where there are none of Deno's. */
interface DenoServe {
  serve(
    options: {
      port: number;
      hostname: string;
      cert?: string;
      key?: string;
      signal: AbortSignal;
      onListen(): void;
    },
    handler: (request: Request, info: { readonly completed: Promise<void> }) => Promise<Response>,
  ): { readonly addr: unknown; shutdown(): Promise<void> };
}

/**
 * Serves a webhook with `Deno.serve`. Deno keeps idle connections for as long as Telegram does, and answers HTTP/2 too.
 *
 * @param hook What `webhook(receiver, options)` returned.
 * @param options Where to listen, and with which certificate.
 * @throws {TelehookError} `ERR_LISTEN` if the address or port cannot be had, `ERR_TLS` if the certificate or key cannot
 * be used, `ERR_RUNTIME` on another runtime.
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

const startDeno: StartTransport = (hook, { port, hostname, tls }) => {
  const { Deno } = globalThis as { Deno?: DenoServe };
  if (Deno === undefined) throw new ReferenceError("There is no Deno.serve here");
  // server.shutdown() waits for whoever has sent half a request, and from then on nothing can end that: the signal
  // would throw. So it comes when all are answered; and if they are not in time, the signal comes instead.
  const cutter = new AbortController();
  let unsent = 0;
  let isShuttingDown = false;
  let shutDown = () => {};
  const onSent = () => {
    if (--unsent === 0) shutDown();
  };
  const server = Deno.serve(
    { port, hostname, ...tls, signal: cutter.signal, onListen() {} },
    (request, info) => {
      unsent++;
      info.completed.then(onSent, onSent);
      return hook(request, info);
    },
  );
  return Promise.resolve({
    port: portOf(server.addr) ?? port,
    stop: () =>
      new Promise<void>((resolve) => {
        shutDown = () => {
          if (cutter.signal.aborted || isShuttingDown) return;
          isShuttingDown = true;
          resolve(server.shutdown());
        };
        if (unsent === 0) shutDown();
      }),
    cut() {
      if (!isShuttingDown) cutter.abort();
    },
  });
};

function portOf(address: unknown): number | undefined {
  if (typeof address !== "object" || address === null || !("port" in address)) return undefined;
  return typeof address.port === "number" ? address.port : undefined;
}
