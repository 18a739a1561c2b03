/// <reference lib="esnext.disposable" preserve="true" />
// Symbol.asyncDispose is part of the published types, and not of every consumer's lib.
import { TelehookError } from "../errors/telehook_error.ts";
import { wirePath } from "../guard/path.ts";
import { type CloseOptions, closeTimeoutMs } from "../inbox/closing.ts";
import { checkBoolean, checkNumber, checkOptionNames, checkSignal } from "../checks/options.ts";
import { quote } from "../text/quote.ts";
import { pipelineOf, type Webhook } from "../webhook.ts";
import { closeOnSignals } from "./close_on_signals.ts";
import { listenError, pairError } from "./listen_error.ts";
import { checkPem, loadTls, type TlsOptions, type TlsPem } from "./tls_options.ts";
import type { PemPair, ServerRuntime, StartTransport, Transport } from "./transport.ts";

export type { TlsFiles, TlsOptions, TlsPem } from "./tls_options.ts";

/** Where a server listens, and until when. */
export interface ServeOptions {
  /** The TCP port; 0 takes any that is free. Telegram delivers to 80, 88, 443 and 8443. Default: 8080. */
  readonly port?: number | undefined;
  /** The address to listen on. Default: `"0.0.0.0"`, every IPv4 address of the machine; Telegram knows no IPv6. */
  readonly hostname?: string | undefined;
  /**
   * Speaks HTTPS with this certificate, as text or in files, which can be watched. Default: plain HTTP, for use behind
   * a reverse proxy.
   */
  readonly tls?: TlsOptions | undefined;
  /**
   * Lets several processes of one user listen on the port, each with this option; the system spreads new connections
   * over them (`SO_REUSEPORT`). On Linux, with Bun, Node 22.12 or 23.1 and later, and Deno if it is started with
   * `--unstable-net`. The workers of Node's `cluster` share a port without it. Default: `false`, a busy port is an error.
   */
  readonly reusePort?: boolean | undefined;
  /** Closes the server, as {@link WebhookServer.close} does. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Closes the server at SIGINT or SIGTERM; a second one ends the process at once. Default: `false`, since signals are
   * the program's own affair.
   */
  readonly closeOnSignals?: boolean | undefined;
}

/** The names of all options that say where to listen. */
export const SERVE_OPTION_NAMES: readonly (keyof ServeOptions)[] = [
  "port",
  "hostname",
  "tls",
  "reusePort",
  "signal",
  "closeOnSignals",
];

/** A running server. */
export interface WebhookServer {
  /** Its address as seen from this machine, path included. What Telegram must call is yours to know. */
  readonly url: string;
  /** The port that it listens on. */
  readonly port: number;
  /** The address that it listens on. */
  readonly hostname: string;
  /** The runtime whose server it is. */
  readonly runtime: ServerRuntime;
  /** The webhook that answers, with `allowedUpdates` and `receive`. */
  readonly webhook: Webhook;
  /** Resolves once it is closed. */
  readonly finished: Promise<void>;
  /**
   * Shows another certificate to new connections, as after a renewal. What it costs differs:
   *
   * - Node: nothing. Open connections go on with the certificate that they know.
   * - Bun: connections. A second listener takes over the port, while those of the first are told to end with their next
   *   answer, and closed if they stay idle. It takes half a second of quiet, and five seconds at most; until then, some
   *   new connections see the old certificate.
   * - Deno: connections. Answers are kept back for 50 ms of quiet, and one second at most; then idle connections are
   *   closed, the port is bound anew, which refuses connections for some milliseconds, and the answers go out and end
   *   theirs.
   *
   * On Bun and Deno, a delivery fails only if it comes at the very moment at which its idle connection is closed or the
   * port changes hands; Telegram then sends it again. The adapter for `node:https` works on Deno too, as on Node.
   *
   * A pair that cannot be used changes nothing.
   *
   * @param tls The pair, as PEM text.
   * @returns When every new connection sees the new certificate.
   * @throws {TelehookError} `ERR_TLS` if the pair cannot be used or the server speaks plain HTTP, `ERR_CLOSED` after
   * closing, `ERR_LISTEN` if Deno cannot bind the port again, `ERR_RUNTIME` for `node:https` on Bun, which cannot.
   *
   * @example
   * ```ts
   * import { listen } from "@telehook/telehook";
   * import { selfSigned } from "@telehook/telehook/tls";
   *
   * const server = await listen(() => {}, {
   *   secretToken: "a-long-random-secret",
   *   hostname: "127.0.0.1",
   *   port: 0,
   *   tls: await selfSigned({ host: "203.0.113.7" }),
   * });
   * await server.setTls(await selfSigned({ host: "203.0.113.7" }));
   * await server.close();
   * ```
   */
  setTls(tls: TlsPem): Promise<void>;
  /**
   * Answers 503 from now on, hands over pending albums, waits for what runs, and then stops listening. Telegram keeps the
   * webhook and the updates for the next start.
   */
  close(options?: CloseOptions): Promise<void>;
  /** Closes, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** How long answers may be under way when everything else has come to its end. */
const LAST_BYTES_MS = 250;

/**
 * Starts a transport and wraps what all adapters have in common around it: checked options, clear errors, and closing
 * in the right order.
 */
export async function startServer(
  runtime: ServerRuntime,
  start: StartTransport,
  hook: Webhook,
  options: ServeOptions = {},
): Promise<WebhookServer> {
  const { path } = pipelineOf(hook);
  checkOptionNames("serve", options, SERVE_OPTION_NAMES);
  const { signal } = options;
  const hostname = checkedHostname(options.hostname);
  const port = checkNumber("port", options.port, { default: 8080, min: 0, max: 65_535 });
  checkSignal("signal", signal);
  checkBoolean("reusePort", options.reusePort);
  checkBoolean("closeOnSignals", options.closeOnSignals);
  signal?.throwIfAborted();
  const tls = options.tls === undefined ? undefined : await loadTls(options.tls);

  let transport: Transport;
  try {
    transport = await start(hook, {
      port,
      hostname,
      reusePort: options.reusePort ?? false,
      tls: tls?.pair,
      isTlsWatched: tls?.watch !== undefined,
    });
  } catch (error) {
    throw await listenError(error, { runtime, port, hostname, tls });
  }

  let finish = () => {};
  const finished = new Promise<void>((resolve) => finish = resolve);
  let closing: Promise<void> | undefined;
  let replacing: Promise<void> = Promise.resolve(); // one after the other, so that the last one called wins
  const replaceTls = (next: () => PemPair | Promise<PemPair>): Promise<void> => {
    const replaced = replacing.then(async () => {
      const pair = await next();
      if (closing !== undefined) throw new TelehookError("ERR_CLOSED", "The server is closed: start another");
      try {
        await transport.replaceTls(pair);
      } catch (cause) {
        if (cause instanceof TelehookError) throw cause;
        throw pairError(cause);
      }
    });
    replacing = replaced.catch(() => {}); // told to its own caller
    return replaced;
  };
  const stopWatching = tls?.watch?.((pair) => replaceTls(() => pair));

  const close = async (how?: CloseOptions) => {
    const timeoutMs = closeTimeoutMs(how);
    await (closing ??= (async () => {
      signal?.removeEventListener("abort", onAbort);
      stopWatching?.();
      await hook.close({ timeoutMs }).catch((error) => {
        console.error(
          "telehook: the store could not be closed; its updates are handled at the next start:",
          error,
        );
      });
      await stopWithin(transport, LAST_BYTES_MS);
      takeAway?.();
      finish();
    })());
  };
  const onAbort = () => void close();
  signal?.addEventListener("abort", onAbort);
  if (signal?.aborted) onAbort();
  const takeAway = options.closeOnSignals ? closeOnSignals(onAbort) : undefined;

  return {
    url: `${tls ? "https" : "http"}://${reachable(hostname)}:${transport.port}${
      path === undefined ? "/" : wirePath(path)
    }`,
    port: transport.port,
    hostname,
    runtime,
    webhook: hook,
    finished,
    async setTls(next) {
      if (tls === undefined) {
        throw new TelehookError(
          "ERR_TLS",
          'The server speaks plain HTTP, so it has no certificate to replace: start it with "tls"',
        );
      }
      await replaceTls(() => checkPem(next));
    },
    close,
    [Symbol.asyncDispose]: () => close(),
  };
}

/** Without the brackets that an IPv6 address has in a URL, which only some runtimes take off. */
function checkedHostname(hostname: unknown = "0.0.0.0"): string {
  const bare = typeof hostname === "string" ? hostname.replace(/^\[(.*)\]$/, "$1") : "";
  if (bare !== "") return bare;
  throw new TelehookError(
    "ERR_OPTION",
    `"hostname" must be an address such as "127.0.0.1", not ${quote(hostname)}`,
  );
}

async function stopWithin(transport: Transport, ms: number): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const tooLong = new Promise<"cut">((resolve) => timer = setTimeout(resolve, ms, "cut"));
  const how = await Promise.race([transport.stop(), tooLong]);
  clearTimeout(timer);
  if (how === "cut") transport.cut();
}

function reachable(hostname: string): string {
  if (hostname === "0.0.0.0" || hostname === "::") return "127.0.0.1";
  return hostname.includes(":") ? `[${hostname}]` : hostname;
}
