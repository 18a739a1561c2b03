/** How many places at the front may be empty before the rest is moved there. */
const MOST_EMPTY = 1_000;

/**
 * A first-in, first-out queue. With tens of thousands of items, `Array.shift()` moves all of them each time. Here, the places of
 * items that were taken stay empty until moving the rest is worth it.
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

  /** Removes an item by its index from the front. */
  remove(index: number): void {
    this.#items.splice(this.#front + index, 1);
  }

  clear(): void {
    this.#items = [];
    this.#front = 0;
  }
}
