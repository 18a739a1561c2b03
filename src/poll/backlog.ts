import type { Update } from "../updates/mod.ts";

/**
 * The updates that were fetched and are not confirmed yet. Computes the offset, which never passes an update that is not
 * handled or safe in a durable store.
 */
export class Backlog {
  /** In ascending order, as Telegram returns them. */
  readonly #pending = new Set<number>();
  readonly #done = new Set<number>();
  #highest = -1;
  /** The offset of the latest request. */
  #asked = 0;
  #onProgress: (() => void) | undefined;

  get size(): number {
    return this.#pending.size;
  }

  /** The highest id that was fetched; -1 if there is none. It can fall: Telegram may begin to count anew. */
  get highest(): number {
    return this.#highest;
  }

  /** The lowest id that is not done; `undefined` as long as nothing was fetched. */
  get offset(): number | undefined {
    for (const first of this.#pending) return first;
    return this.#highest === -1 ? undefined : this.#highest + 1;
  }

  /** The offset for the next request, whose answer is then added. What is below it need not be remembered any longer. */
  ask(): number | undefined {
    const { offset } = this;
    this.#asked = offset ?? 0;
    for (const id of this.#done) if (id < this.#asked) this.#done.delete(id);
    return offset;
  }

  /** Whether Telegram was asked with this offset already, so that it knows what is done unless that request was lost. */
  get isAsked(): boolean {
    return (this.offset ?? 0) === this.#asked;
  }

  /**
   * Telegram returns nothing below the offset that it was asked with. If an id is lower, Telegram counts from another number
   * now, as after a week without updates. It ignores the old offset, and would return the same updates for ever.
   *
   * @returns Whether the update was not fetched before.
   * @see https://core.telegram.org/bots/api#update
   */
  add({ update_id }: Pick<Update, "update_id">): boolean {
    if (this.#pending.has(update_id) || this.#done.has(update_id)) return false;
    const isCountedAnew = update_id < this.#asked;
    if (isCountedAnew) this.#asked = 0;
    this.#highest = isCountedAnew ? update_id : Math.max(this.#highest, update_id);
    this.#pending.add(update_id);
    return true;
  }

  /** Takes for done what is no update. */
  passOver(updateId: number): void {
    if (this.add({ update_id: updateId })) this.done(updateId);
  }

  /** Resolves when an update is done, or after that many milliseconds; immediately if there is another offset to ask with. */
  async progress(ms: number): Promise<void> {
    if (!this.isAsked) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#onProgress = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#onProgress = undefined;
  }

  /** An update is handled, or safe in a durable store. */
  done(updateId: number): void {
    if (!this.#pending.delete(updateId)) return;
    this.#done.add(updateId);
    this.#onProgress?.();
  }
}
