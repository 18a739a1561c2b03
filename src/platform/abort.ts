/**
 * Aborts. On Workers, a signal belongs to the request in which it was created: from another one it can be neither read nor
 * aborted, and what waits for it ends with its own request.
 */
export function abort(controller: AbortController, reason: Error): void {
  try {
    controller.abort(reason);
  } catch {
    // A worker's, of another request.
  }
}

/** Work that is aborted together. Each piece has a signal of its own, so that requests of Workers do not share one. */
export class Abortable {
  readonly #running = new Set<AbortController>();

  /** To be called when a piece of work begins. @returns What its signal comes from. */
  begin(): AbortController {
    const controller = new AbortController();
    this.#running.add(controller);
    return controller;
  }

  /** To be called when it has ended. */
  end(controller: AbortController): void {
    this.#running.delete(controller);
  }

  /** Aborts all that runs. */
  abort(reason: Error): void {
    for (const each of this.#running) abort(each, reason);
  }
}
