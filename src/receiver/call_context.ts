import type { Linked } from "../collections/linked_list.ts";
import type { ReceiverContext } from "./receiver.ts";

/** The context of one call of a receiver. Its signal is made when first asked for: few receivers do. */
export class CallContext implements ReceiverContext, Linked<CallContext> {
  readonly attempt: number;
  #before: CallContext | undefined;
  #behind: CallContext | undefined;
  #controller: AbortController | undefined;
  #reason: unknown;

  constructor(attempt: number) {
    this.attempt = attempt;
  }

  // Its neighbours among the calls that run. Receivers are handed the context, and see none of them when they print it.
  get before(): CallContext | undefined {
    return this.#before;
  }

  set before(context: CallContext | undefined) {
    this.#before = context;
  }

  get behind(): CallContext | undefined {
    return this.#behind;
  }

  set behind(context: CallContext | undefined) {
    this.#behind = context;
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#reason !== undefined) this.#controller.abort(this.#reason);
    }
    return this.#controller.signal;
  }

  abort(reason: Error): void {
    this.#reason = reason;
    this.#controller?.abort(reason);
  }
}
