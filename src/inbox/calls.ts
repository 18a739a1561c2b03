import type { CallContext } from "../receiver/call_context.ts";
import { LinkedList } from "../collections/linked_list.ts";

/** The calls of the receiver that have not come to an end: how many there may be, and how to cut them short. */
export class Calls {
  readonly #most: number;
  readonly #running = new LinkedList<CallContext>();

  constructor(most: number) {
    this.#most = most;
  }

  get running(): number {
    return this.#running.size;
  }

  get areFull(): boolean {
    return this.#running.size >= this.#most;
  }

  begin(context: CallContext): void {
    this.#running.add(context);
  }

  end(context: CallContext): void {
    this.#running.remove(context);
  }

  abort(reason: Error): void {
    for (let context = this.#running.first; context !== undefined; context = context.behind) {
      context.abort(reason);
    }
  }
}
