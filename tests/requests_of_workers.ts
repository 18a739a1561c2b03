import { AsyncLocalStorage } from "node:async_hooks";

/**
 * Until the end of a test, a signal belongs to the request in which it was created, as on Cloudflare Workers: no other one
 * can read or abort it.
 *
 * @returns Runs something in a request.
 */
export function requestsOfWorkers(
  t: { after(undo: () => void): void },
): <T>(request: string, run: () => T) => T {
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
