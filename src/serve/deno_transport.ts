import { TelehookError } from "../errors/telehook_error.ts";
import { pause } from "../platform/pause.ts";
import { type DeliveryHandler, routerOf } from "../webhook.ts";
import { type DenoAddress, DenoListener, type DenoServe } from "./deno_listener.ts";
import type { HeldAnswers } from "./held_answers.ts";
import { listenError } from "./listen_error.ts";
import {
  type PemPair,
  serverClosed,
  type StartTransport,
  type Transport,
  type TransportOptions,
} from "./transport.ts";

/** Starts `Deno.serve`. */
export const startDeno: StartTransport = (hook, options) => {
  const { Deno } = globalThis as { Deno?: DenoServe };
  if (Deno === undefined) throw new ReferenceError("There is no Deno.serve here");
  // Deno would not throw: it ends the process. What else comes with the flag tells whether it is there.
  if (options.reusePort && !("listenDatagram" in Deno)) {
    throw new TelehookError(
      "ERR_RUNTIME",
      'Deno shares a port only if it is started with "--unstable-net": add the flag, or drop "reusePort"',
    );
  }
  return Promise.resolve(new DenoTransport(Deno, hook, options));
};

/** How long Deno takes to close a socket that it stops listening on, in milliseconds, and more. */
const SOCKET_CLOSED_MS = 20;

/** How long the system may take to let go of a port, in milliseconds; it takes a few. */
const FREED_WITHIN_MS = 2_000;

/** Pauses before a listener that failed is opened again, in milliseconds, and how long it works if the failure is over. */
const REOPEN_MS = { first: 50, most: 2_000, recovered: 10_000 };

/** `Deno.serve`, whose listeners have one certificate for life and end when they cannot accept a connection. */
class DenoTransport implements Transport {
  readonly port: number;
  readonly #Deno: DenoServe;
  readonly #hook: DeliveryHandler;
  readonly #address: DenoAddress;
  readonly #onProblem: TransportOptions["onProblem"];
  #tls: PemPair | undefined;
  #listener: DenoListener;
  /** Those that were replaced and still have connections. */
  readonly #replaced = new Set<Promise<void>>();
  /** Replacing and reopening, one after the other. */
  #change: Promise<unknown> = Promise.resolve();
  readonly #closing = new AbortController();
  #failedAt = -Infinity;
  #reopenMs = REOPEN_MS.first;

  constructor(Deno: DenoServe, hook: DeliveryHandler, { onProblem, ...address }: TransportOptions) {
    this.#Deno = Deno;
    this.#hook = hook;
    this.#onProblem = onProblem;
    this.#tls = address.tls;
    this.#listener = new DenoListener(Deno, hook, address);
    this.port = this.#listener.port;
    this.#address = { ...address, port: this.port };
    this.#use(this.#listener);
  }

  /**
   * Deno stops listening and closes idle connections in one step. A process that shares the port does so immediately,
   * since others get the new connections; one that has it alone refuses updates until nothing runs. With a connection
   * on which a request never becomes whole, listening ends only when everything is cut.
   */
  async drain(handled: Promise<void>): Promise<void> {
    this.#closing.abort();
    await this.#change;
    if (!this.#address.reusePort) await handled;
    const held = await this.#listener.hold();
    if (this.#listener.unanswered <= routerOf(this.#hook).unanswered) this.#listener.shutDown();
    held.release();
  }

  async stop(): Promise<void> {
    this.#listener.stop();
    await Promise.all([this.#listener.ended, ...this.#replaced]);
  }

  cut(): void {
    this.#listener.cut();
  }

  async replaceTls(tls: PemPair): Promise<void> {
    // Errors of the pair must show while the old one is still served.
    const trial = new DenoListener(this.#Deno, this.#hook, {
      port: 0,
      hostname: "127.0.0.1",
      reusePort: false,
      tls,
    });
    trial.shutDown();
    await trial.ended;
    await this.#inTurn(async () => {
      if (this.#closing.signal.aborted) throw serverClosed(); // meanwhile: a new listener would never be closed
      const held = await this.#endListener();
      const previous = this.#tls;
      this.#tls = tls;
      try {
        this.#use(await this.#openWhenFree());
      } catch (error) {
        this.#tls = previous;
        const ended = this.#listener;
        // Nothing listens now. It is opened later with the previous pair, unless another change opens it before.
        void this.#inTurn(() => ended === this.#listener ? this.#openAgain() : Promise.resolve());
        throw error;
      } finally {
        held.release();
      }
    });
  }

  /** Ends a listener without harm to what is under way. Its answers are sent when they are released. */
  async #endListener(): Promise<HeldAnswers> {
    const listener = this.#listener;
    const held = await listener.hold();
    listener.shutDown();
    // Deno closes the socket some turns later. Until then it still gets connections, if another shares the port with it.
    if (this.#address.reusePort) await pause(SOCKET_CLOSED_MS);
    const ended = listener.ended.then(() => void this.#replaced.delete(ended));
    this.#replaced.add(ended);
    return held;
  }

  #use(listener: DenoListener): void {
    this.#listener = listener;
    // After it could not accept one connection, as without a free file descriptor, it never accepts another.
    void listener.failed.then((error) => {
      if (listener === this.#listener) void this.#inTurn(() => this.#reopen(error));
    });
  }

  async #openWhenFree(): Promise<DenoListener> {
    const since = performance.now();
    for (;;) {
      try {
        return this.#open();
      } catch (error) {
        if (performance.now() - since > FREED_WITHIN_MS) {
          throw await listenError(error, { runtime: "deno", ...this.#address, tls: this.#tls });
        }
        await pause(1);
      }
    }
  }

  #open(): DenoListener {
    return new DenoListener(this.#Deno, this.#hook, { ...this.#address, tls: this.#tls });
  }

  /** Replaces a listener that has failed. Its idle connections are closed, which frees descriptors. */
  async #reopen(error: unknown): Promise<void> {
    if (this.#closing.signal.aborted) return;
    if (performance.now() - this.#failedAt > REOPEN_MS.recovered) {
      this.#reopenMs = REOPEN_MS.first;
      this.#onProblem(
        "Deno could not accept a connection; idle connections are closed and the port is opened again. If it is out of " +
          "file descriptors, raise the limit (ulimit -n) or put a reverse proxy in front:",
        error,
      );
    }
    (await this.#endListener()).release();
    await this.#openAgain();
  }

  /** Opens a listener, as soon as the system allows it. */
  async #openAgain(): Promise<void> {
    const closing = this.#closing.signal;
    for (;;) {
      await pause(this.#reopenMs, closing).catch(() => {}); // closing ends it early
      if (closing.aborted) return;
      this.#failedAt = performance.now();
      this.#reopenMs = Math.min(this.#reopenMs * 2, REOPEN_MS.most);
      try {
        return this.#use(this.#open());
      } catch {
        // The same problem again: it was reported.
      }
    }
  }

  #inTurn(change: () => Promise<void>): Promise<void> {
    const changed = this.#change.then(change);
    this.#change = changed.catch(() => {}); // told to its own caller
    return changed;
  }
}
