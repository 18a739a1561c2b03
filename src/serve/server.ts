/// <reference lib="esnext.disposable" preserve="true" />
// Symbol.asyncDispose is part of the published types, and not of every consumer's lib.
import { TelehookError } from "../errors/telehook_error.ts";
import { wirePath } from "../guard/path.ts";
import { type CloseOptions, closeTimeoutMs } from "../inbox/closing.ts";
import { checkBoolean, checkNumber, checkOptionNames, checkSignal } from "../checks/options.ts";
import { expiryOf } from "../operate/metrics.ts";
import { printError } from "../text/printable_error.ts";
import { quote } from "../text/quote.ts";
import { type DeliveryHandler, routerOf, type Webhook } from "../webhook.ts";
import { closeOnSignals } from "./close_on_signals.ts";
import { listenError, pairError } from "./listen_error.ts";
import { checkPem, type LoadedTls, loadTls, type TlsOptions, type TlsPem } from "./tls_options.ts";
import {
  type PemPair,
  serverClosed,
  type ServerRuntime,
  type StartTransport,
  type Transport,
} from "./transport.ts";

export type { TlsFiles, TlsOptions, TlsPem } from "./tls_options.ts";

/** Where a server listens, and until when. */
export interface ServeOptions {
  /** The TCP port; 0 picks a free one. Telegram delivers to 80, 88, 443 and 8443. Default: 8080. */
  readonly port?: number | undefined;
  /**
   * The address to listen on. Default: `"0.0.0.0"`, every IPv4 address of the machine. Telegram does not deliver over
   * IPv6.
   */
  readonly hostname?: string | undefined;
  /**
   * Serves HTTPS with this certificate, as text or in files, which can be watched. Default: plain HTTP, for use behind
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
   * Closes the server on SIGINT or SIGTERM, as {@link WebhookServer.close} does and with its options; a later second
   * signal ends the process immediately. Signals less than 500 ms apart count as one, since npm passes on the Ctrl-C that
   * the terminal has already sent. Default: `false`, since signals belong to the whole program.
   */
  readonly closeOnSignals?: boolean | CloseOptions | undefined;
}

/** The names of all options that say where to listen. */
export const SERVE_OPTION_NAMES: Readonly<Record<keyof ServeOptions, true>> = {
  port: true,
  hostname: true,
  tls: true,
  reusePort: true,
  signal: true,
  closeOnSignals: true,
};

/**
 * A running server.
 *
 * @typeParam Handler What it serves.
 */
export interface WebhookServer<Handler extends DeliveryHandler = Webhook> {
  /** Its address as seen from this machine, path included. This is not necessarily the URL that Telegram calls. */
  readonly url: string;
  /** The port that it listens on. */
  readonly port: number;
  /** The address that it listens on. */
  readonly hostname: string;
  /** The runtime whose server it is. */
  readonly runtime: ServerRuntime;
  /** What answers: the webhook, with `allowedUpdates` and `receive`, or the host of many bots. */
  readonly webhook: Handler;
  /** Resolves when it is closed. */
  readonly finished: Promise<void>;
  /**
   * Uses another certificate for new connections, for example after a renewal. The cost depends on the runtime:
   *
   * - Node: none. Open connections keep the certificate that they have.
   * - Bun and Deno: connections. Answers are kept back until no request has come for 100 ms, for one second at most; then
   *   idle connections are closed, the answers are sent, and each asks its sender to reconnect (`Connection: close`). On
   *   Bun, a second listener shares the port meanwhile, and some new connections still see the old certificate. On Deno,
   *   the port is bound again, and connections are refused for some milliseconds.
   *
   * On Bun and Deno, a delivery fails only if it is sent at the very moment at which its idle connection is closed or the
   * port changes hands; Telegram then sends it again. The adapter for `node:https` works on Deno too, as on Node.
   *
   * A pair that cannot be used changes nothing.
   *
   * @param tls The pair, as PEM text.
   * @returns A promise that is resolved when every new connection sees the new certificate.
   * @throws {TelehookError} `ERR_TLS` if the pair cannot be used or the server speaks plain HTTP, `ERR_CLOSED` after
   * closing, `ERR_LISTEN` if Deno cannot bind the port again (it goes on trying, with the previous pair), `ERR_RUNTIME`
   * for `node:https` on Bun, which cannot.
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
   * Closes the server: it answers 503 from now on, delivers pending albums and waits for running handlers. Telegram keeps
   * the webhook, and sends the updates again after the next start.
   *
   * No connection is reset, and every request that arrives is answered. Each answer asks its sender to reconnect
   * (`Connection: close`), so that it reaches another process on the port, or the next start. The runtimes differ in when
   * they stop listening:
   *
   * - Node stops as soon as no connection waits to be accepted. Open connections are answered until no request has come for
   *   100 ms, and are then ended.
   * - Bun stops, and closes idle connections, when no request has come for 100 ms, after one second at most. Until then
   *   answers are kept back. A connection on which nothing ever came stays open until its other end or the process ends.
   * - Deno does the same, immediately with `reusePort` and otherwise after the last handler has ended.
   *
   * A request that is sent at the very moment at which its idle connection is ended gets no answer, as with every HTTP
   * server; a sender that ignores `Connection: close` can be cut off. `node:http` on Bun closes idle connections
   * immediately.
   *
   * @param options How long to wait: `timeoutMs`, 10 000 by default. After that, the signals of the handlers are aborted.
   * What is still unanswered afterwards is cut off.
   * @returns A promise that is resolved when the server is closed.
   * @throws {TelehookError} `ERR_OPTION` for a wrong option, without closing.
   */
  close(options?: CloseOptions): Promise<void>;
  /** Closes, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Starts a transport and wraps what all adapters have in common around it: checked options, clear errors, and closing
 * in the right order.
 */
export async function startServer<Handler extends DeliveryHandler>(
  runtime: ServerRuntime,
  start: StartTransport,
  hook: Handler,
  options: ServeOptions = {},
): Promise<WebhookServer<Handler>> {
  const router = routerOf(hook);
  const { path = "/" } = router;
  checkOptionNames("serve", options, SERVE_OPTION_NAMES);
  const { signal } = options;
  const hostname = checkedHostname(options.hostname);
  const port = checkNumber("port", options.port, { default: 8080, min: 0, max: 65_535 });
  checkSignal("signal", signal);
  checkBoolean("reusePort", options.reusePort);
  const closingOnSignals = checkedCloseOnSignals(options.closeOnSignals);
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
      onProblem: reportProblem,
    });
  } catch (error) {
    throw await listenError(error, { runtime, port, hostname, tls });
  }
  router.front.certificate = tls?.pair.cert;
  const server = new RunningServer(transport, { runtime, hook, hostname, path, tls });
  server.closeOn(signal, closingOnSignals);
  return server;
}

/** What a running server needs in addition to its transport. */
interface RunningServerSettings<Handler> {
  readonly runtime: ServerRuntime;
  readonly hook: Handler;
  readonly hostname: string;
  readonly path: string;
  readonly tls: LoadedTls | undefined;
}

/** How long the last bytes of answers may take when everything else is done. */
const LAST_BYTES_MS = 250;

class RunningServer<Handler extends DeliveryHandler> implements WebhookServer<Handler> {
  readonly url: string;
  readonly port: number;
  readonly hostname: string;
  readonly runtime: ServerRuntime;
  readonly webhook: Handler;
  readonly finished: Promise<void>;
  readonly #transport: Transport;
  readonly #hasTls: boolean;
  readonly #stopWatching: (() => void) | undefined;
  #finish = () => {};
  #removeListeners = () => {};
  #closing: Promise<void> | undefined;
  /** The last of the replacements of the certificate, which are made one after another, so that the last call wins. */
  #replacing: Promise<void> = Promise.resolve();

  constructor(transport: Transport, { runtime, hook, hostname, path, tls }: RunningServerSettings<Handler>) {
    this.url = `${tls ? "https" : "http"}://${reachable(hostname)}:${transport.port}${wirePath(path)}`;
    this.port = transport.port;
    this.hostname = hostname;
    this.runtime = runtime;
    this.webhook = hook;
    this.finished = new Promise((resolve) => this.#finish = resolve);
    this.#transport = transport;
    this.#hasTls = tls !== undefined;
    this.#stopWatching = tls?.watch?.((pair) => this.#replaceTls(() => pair), (error) => {
      const { events, certificate } = routerOf(hook).front;
      events.certificate("rejected", expiresAt(certificate), error);
    });
  }

  /** Closes when the signal is aborted, or the process gets a signal. */
  closeOn(signal: AbortSignal | undefined, processSignals: CloseOptions | undefined): void {
    const onAbort = () => void this.close();
    signal?.addEventListener("abort", onAbort);
    const removeSignals = processSignals && closeOnSignals(() => void this.close(processSignals));
    this.#removeListeners = () => {
      signal?.removeEventListener("abort", onAbort);
      removeSignals?.();
    };
    if (signal?.aborted) onAbort();
  }

  async setTls(tls: TlsPem): Promise<void> {
    if (!this.#hasTls) {
      throw new TelehookError(
        "ERR_TLS",
        'The server uses plain HTTP and has no certificate to replace. Start it with the "tls" option',
      );
    }
    await this.#replaceTls(() => checkPem(tls));
  }

  #replaceTls(next: () => PemPair | Promise<PemPair>): Promise<void> {
    const replaced = this.#replacing.then(async () => {
      const pair = await next();
      if (this.#closing !== undefined) throw serverClosed();
      try {
        await this.#transport.replaceTls(pair);
        const { front } = routerOf(this.webhook);
        front.certificate = pair.cert;
        front.events.certificate("renewed", expiresAt(pair.cert));
      } catch (cause) {
        if (cause instanceof TelehookError) throw cause;
        throw pairError(cause);
      }
    });
    this.#replacing = replaced.catch(() => {}); // told to its own caller
    return replaced;
  }

  async close(options?: CloseOptions): Promise<void> {
    const timeoutMs = closeTimeoutMs(options);
    await (this.#closing ??= this.#close(timeoutMs));
  }

  async #close(timeoutMs: number): Promise<void> {
    this.#stopWatching?.();
    const handled = this.webhook.close({ timeoutMs }).catch((error) => {
      reportProblem("the store could not be closed; its updates are handled at the next start:", error);
    });
    await Promise.all([handled, this.#transport.drain(handled)]);
    if (!await isSettledWithin(this.#transport.stop(), LAST_BYTES_MS)) this.#transport.cut();
    this.#removeListeners(); // so late, since a second signal still has to end the process
    this.#finish();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

function expiresAt(cert: string | undefined): number | undefined {
  const seconds = expiryOf(cert);
  return seconds === undefined ? undefined : seconds * 1_000;
}

function reportProblem(what: string, error: unknown): void {
  printError(`telehook: ${what}`, error);
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

/** How to close on signals; `undefined` if signals are not listened to. */
function checkedCloseOnSignals(value: ServeOptions["closeOnSignals"]): CloseOptions | undefined {
  if (typeof value === "object" && value !== null) return { timeoutMs: closeTimeoutMs(value) };
  if (value === undefined || value === false) return undefined;
  if (value === true) return {};
  throw new TelehookError(
    "ERR_OPTION",
    `"closeOnSignals" must be true, false or the options of close(), such as { timeoutMs: 30_000 }, not ${
      quote(value)
    }`,
  );
}

async function isSettledWithin(promise: Promise<unknown>, ms: number): Promise<boolean> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const tooLong = new Promise<false>((resolve) => timer = setTimeout(resolve, ms, false));
  const isSettled = await Promise.race([promise.then(() => true), tooLong]);
  clearTimeout(timer);
  return isSettled;
}

function reachable(hostname: string): string {
  if (hostname === "0.0.0.0" || hostname === "::") return "127.0.0.1";
  return hostname.includes(":") ? `[${hostname}]` : hostname;
}
