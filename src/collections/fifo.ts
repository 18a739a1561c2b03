/** How many places may be empty at the front before the rest is moved there. */
const MOST_EMPTY = 1_000;

/**
 * First in, first out. `Array.shift()` moves everything that is left once there are tens of thousands; here, a front that
 * is taken stays empty until it pays to move the rest.
 */
export class Fifo<T> {
  #items: (T | undefined)[] = [];
  #front = 0;

  get length(): number {
    return this.#items.length - this.#front;
  }

  push(item: T): void {
    this.#items.push(item);
  }

  shift(): T | undefined {
    if (this.length === 0) return undefined;
    const item = this.#items[this.#front];
    this.#items[this.#front++] = undefined;
    if (this.#front > MOST_EMPTY && this.#front > this.length) {
      this.#items = this.#items.slice(this.#front);
      this.#front = 0;
    }
    return item;
  }

  /** Takes one out by its place from the front. */
  remove(index: number): void {
    this.#items.splice(this.#front + index, 1);
  }

  clear(): void {
    this.#items = [];
    this.#front = 0;
  }
}
