/// <reference lib="esnext.disposable" preserve="true" />
// Symbol.asyncDispose is part of the published types, and not of every consumer's lib.
import { TelehookError } from "../errors.ts";
import { wirePath } from "../guard/path.ts";
import { type CloseOptions, closeTimeoutMs } from "../inbox/close_options.ts";
import { checkBoolean, checkNumber, checkOptionNames, quote } from "../options.ts";
import { pipelineOf, type Webhook } from "../webhook.ts";
import { closeOnSignals } from "./close_on_signals.ts";
import { listenError } from "./listen_error.ts";
import type { PemPair, ServerRuntime, StartTransport, Transport } from "./transport.ts";

/** A certificate and its key, for HTTPS. */
export interface TlsOptions {
  /** The certificate and the chain that leads to its root, as PEM text, the server's own first. */
  readonly cert: string;
  /** The private key, as PEM text. */
  readonly key: string;
  /** What an encrypted key is encrypted with. */
  readonly passphrase?: string;
}

/** Where a server listens, and until when. */
export interface ServeOptions {
  /** The TCP port; 0 takes any that is free. Telegram delivers to 80, 88, 443 and 8443. Default: 8080. */
  readonly port?: number | undefined;
  /** The address to listen on. Default: `"0.0.0.0"`, every IPv4 address of the machine; Telegram knows no IPv6. */
  readonly hostname?: string | undefined;
  /** Speaks HTTPS with this certificate. Default: plain HTTP, for use behind a reverse proxy. */
  readonly tls?: TlsOptions | undefined;
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
  const { hostname = "0.0.0.0", signal } = options;
  const port = checkNumber("port", options.port, { otherwise: 8080, least: 0, most: 65_535 });
  if (typeof hostname !== "string" || hostname === "") {
    throw new TelehookError(
      "ERR_OPTION",
      `"hostname" must be an address such as "127.0.0.1", not ${quote(hostname)}`,
    );
  }
  if (signal !== undefined && !isSignal(signal)) {
    throw new TelehookError("ERR_OPTION", `"signal" must be an AbortSignal, not ${quote(signal)}`);
  }
  checkBoolean("closeOnSignals", options.closeOnSignals);
  signal?.throwIfAborted();
  const tls = options.tls === undefined ? undefined : await checkedPair(options.tls);

  let transport: Transport;
  try {
    transport = await start(hook, { port, hostname, tls });
  } catch (error) {
    throw listenError(error, { runtime, port, hostname });
  }

  let finish = () => {};
  const finished = new Promise<void>((resolve) => finish = resolve);
  let closing: Promise<void> | undefined;
  const close = async (how?: CloseOptions) => {
    const timeoutMs = closeTimeoutMs(how);
    await (closing ??= (async () => {
      signal?.removeEventListener("abort", onAbort);
      await hook.close({ timeoutMs });
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
    close,
    [Symbol.asyncDispose]: () => close(),
  };
}

function isSignal(value: unknown): value is AbortSignal {
  return typeof value === "object" && value !== null && "throwIfAborted" in value;
}

/** Finds now what would otherwise show at the first handshake, and takes off a passphrase, which Deno cannot. */
async function checkedPair(tls: TlsOptions): Promise<PemPair> {
  checkOptionNames("tls", tls, ["cert", "key", "passphrase"]);
  const { checkKeyPair } = await import("../tls/key_pair.ts");
  return checkKeyPair(tls);
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
