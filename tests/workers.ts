import { AsyncLocalStorage } from "node:async_hooks";

/* What is different on Cloudflare Workers, for tests on other runtimes. Each lasts until the end of a test. */

interface Test {
  after(undo: () => void): void;
}

/** Lets code believe that it runs on Workers. */
export function asOnWorkers(t: Test): void {
  const { navigator } = globalThis;
  const set = (value: unknown) =>
    Object.defineProperty(globalThis, "navigator", { value, configurable: true, writable: true });
  set({ userAgent: "Cloudflare-Workers" });
  t.after(() => set(navigator));
}

/**
 * Signals as a worker has them: they belong to the request in which they were created, and no other one can read or abort
 * them.
 *
 * @returns Runs something in a request.
 */
export function requestSignals(t: Test): <T>(request: string, run: () => T) => T {
  const requests = new AsyncLocalStorage<string>();
  const { AbortController: Own } = globalThis;
  globalThis.AbortController = class extends Own {
    readonly #request = requests.getStore();
    #isAborted = false;

    constructor() {
      super();
      Object.defineProperty(this.signal, "aborted", { get: () => this.#own(this.#isAborted) });
    }

    override abort(reason?: unknown): void {
      this.#own(this.#isAborted = true);
      super.abort(reason);
    }

    #own<T>(value: T): T {
      if (requests.getStore() === this.#request) return value;
      throw new Error("Cannot perform I/O on behalf of a different request");
    }
  };
  t.after(() => globalThis.AbortController = Own);
  return (request, run) => requests.run(request, run);
}

/**
 * Timers as a worker has them: they belong to the request whose code sets them, end with it, and no other request can clear
 * them. A request ends with its answer; if its context was given promises, with the last of these.
 */
export class RequestTimers {
  readonly #current = new AsyncLocalStorage<{ isOver: boolean }>();

  constructor(t: Test) {
    const { clearTimeout, setImmediate, setTimeout } = globalThis;
    t.after(() => void Object.assign(globalThis, { clearTimeout, setImmediate, setTimeout }));
    const owners = new Map<unknown, unknown>();
    Object.assign(globalThis, {
      setTimeout: (run: () => void, ms?: number) => {
        const request = this.#current.getStore();
        const timer = setTimeout(() => {
          if (request?.isOver !== true) run();
        }, ms);
        owners.set(timer, request);
        return timer;
      },
      clearTimeout: (timer: ReturnType<typeof setTimeout>) => {
        if (owners.get(timer) === this.#current.getStore()) clearTimeout(timer);
      },
      setImmediate: undefined, // nor has a worker this
    });
  }

  /** Plays a request. */
  async request<T>(
    play: (context: { waitUntil(promise: Promise<unknown>): void } | undefined) => Promise<T>,
    { hasContext }: { hasContext: boolean },
  ): Promise<T> {
    const request = { isOver: false };
    const promises: Promise<unknown>[] = [];
    const waitUntil = (promise: Promise<unknown>) => void promises.push(promise);
    const result = await this.#current.run(request, () => play(hasContext ? { waitUntil } : undefined));
    void Promise.allSettled(promises).then(() => request.isOver = true);
    if (promises.length === 0) request.isOver = true;
    return result;
  }
}
