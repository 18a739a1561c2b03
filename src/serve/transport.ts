import { TelehookError } from "../errors/telehook_error.ts";
import type { DeliveryHandler } from "../webhook.ts";

/** The runtimes that telehook can start a server on. */
export type ServerRuntime = "deno" | "bun" | "node";

/** A certificate with its chain and its key, as PEM text that every runtime's server takes. */
export interface PemPair {
  readonly cert: string;
  readonly key: string;
}

/** The options of an adapter, checked and complete. */
export interface TransportOptions {
  readonly port: number;
  readonly hostname: string;
  /** Whether other processes may listen on the port too. */
  readonly reusePort: boolean;
  readonly tls: PemPair | undefined;
  /** Whether the certificate is sure to be replaced now and then. */
  readonly isTlsWatched: boolean;
  /** Is called once for each failure from which the server recovers. */
  readonly onProblem: (what: string, error: unknown) => void;
}

/** A server that an adapter has started: the minimum that a runtime must provide. */
export interface Transport {
  /** The port that it listens on, which is another than the one asked for if that was 0. */
  readonly port: number;
  /**
   * Accepts no more connections, as early as the runtime can do that without harm to those that are open. Requests that
   * still come on these are answered, and the connections end with the answers. Called when the webhook begins to close;
   * resolves when no request is expected any longer, which takes a second at the most after `handled`.
   *
   * @param handled Resolves when nothing runs any longer.
   */
  drain(handled: Promise<void>): Promise<void>;
  /** Ends the connections that are idle, and resolves when the last one has ended. Called after {@link drain}. */
  stop(): Promise<unknown>;
  /** Destroys every connection that is left. */
  cut(): void;
  /** Uses another certificate for new connections; only called with `tls`. Rejects if that is not possible. */
  replaceTls(tls: PemPair): Promise<void>;
}

/** Starts a server that passes each delivery to the handler. It rejects with the runtime's own error. */
export type StartTransport = (handler: DeliveryHandler, options: TransportOptions) => Promise<Transport>;

/** The error of what a server was asked for when it is closed already. */
export function serverClosed(): TelehookError {
  return new TelehookError("ERR_CLOSED", "The server is closed: start another");
}

/**
 * How long a connection may stay idle, in milliseconds. Telegram closes it after 60 s: a server that does it sooner now
 * and then closes a connection on which an update is already on its way.
 */
export const KEEP_ALIVE_MS = 75_000;
