import type { DeliveryHandler } from "../webhook.ts";
import { HeldAnswers } from "./held_answers.ts";
import type { PemPair } from "./transport.ts";

/** As much of `Deno.serve` as is used, so that the types load where there are none of Deno's. */
export interface DenoServe {
  serve(
    options: {
      port: number;
      hostname: string;
      reusePort: boolean;
      cert?: string;
      key?: string;
      signal: AbortSignal;
      onListen(): void;
    },
    handler: (request: Request, info: { readonly completed: Promise<void> }) => Promise<Response>,
  ): { readonly addr: unknown; readonly finished: Promise<void>; shutdown(): Promise<void>; unref(): void };
}

/** Where a listener listens. */
export interface DenoAddress {
  readonly port: number;
  readonly hostname: string;
  readonly reusePort: boolean;
  readonly tls: PemPair | undefined;
}

/** One listener of Deno's, which has the same certificate for its whole life. */
export class DenoListener {
  readonly port: number;
  /** Resolves with the error if it cannot accept connections any longer. Open connections are still answered. */
  readonly failed: Promise<unknown>;
  /** Resolves when its last connection has ended after {@link shutDown}, or all were cut. */
  readonly ended: Promise<void>;
  #end = () => {};
  readonly #server: ReturnType<DenoServe["serve"]>;
  readonly #cutter = new AbortController();
  #held: HeldAnswers | undefined;
  /** Requests whose head came and whose answer was not sent yet. */
  #unsent = 0;
  #isStopping = false;
  #isEnding = false;

  /** Gives each request to the webhook. */
  constructor(Deno: DenoServe, hook: DeliveryHandler, { port, hostname, reusePort, tls }: DenoAddress) {
    const onSent = () => {
      this.#unsent--;
      if (this.#isStopping) this.stop();
    };
    this.#server = Deno.serve(
      { port, hostname, reusePort, ...tls, signal: this.#cutter.signal, onListen() {} },
      (request, info) => {
        this.#unsent++;
        info.completed.then(onSent, onSent);
        const answer = hook(request, info);
        return this.#held === undefined ? answer : this.#held.hold(answer);
      },
    );
    this.port = portOf(this.#server.addr) ?? port;
    this.failed = new Promise((resolve) => this.#server.finished.catch(resolve));
    this.ended = new Promise((resolve) => this.#end = resolve);
  }

  /** Keeps answers back from now on, and resolves when no more requests come. */
  async hold(): Promise<HeldAnswers> {
    const held = this.#held = new HeldAnswers();
    await held.untilQuiet();
    return held;
  }

  /** How many requests have come whose answer is not ready: what is handled, and what never becomes whole. */
  get unanswered(): number {
    return this.#unsent - (this.#held?.ready ?? 0);
  }

  /**
   * Stops listening, ends each connection after its answer, and idle ones immediately. From then on, nothing can
   * cut a connection on which a request never becomes whole.
   */
  shutDown(): void {
    if (this.#isEnding) return;
    this.#isEnding = true;
    this.#server.unref();
    this.#server.shutdown().then(this.#end, this.#end);
  }

  /** Shuts down as soon as every answer is sent. Until then, everything can still be cut. */
  stop(): void {
    this.#isStopping = true;
    if (this.#unsent === 0) this.shutDown();
  }

  /** Stops listening and destroys every connection. */
  cut(): void {
    if (!this.#isEnding) this.#cutter.abort(); // afterwards, it would throw
    this.#isEnding = true;
    this.#end();
  }
}

function portOf(address: unknown): number | undefined {
  if (typeof address !== "object" || address === null || !("port" in address)) return undefined;
  return typeof address.port === "number" ? address.port : undefined;
}
