interface Entry<T> {
  readonly at: number;
  readonly order: number;
  readonly item: T;
}

/**
 * Items by the time at which they are due, the earliest first; of several with the same time, the one that was added first. A
 * binary heap. It does not know whether an item is still wanted: its user ignores one that is not when it is taken.
 */
export class DueHeap<T> {
  readonly #heap: Entry<T>[] = [];
  #added = 0;

  get first(): Entry<T> | undefined {
    return this.#heap[0];
  }

  add(at: number, item: T): void {
    const entry = { at, order: this.#added++, item };
    let index = this.#heap.push(entry) - 1;
    while (index > 0) {
      const above = (index - 1) >> 1;
      const parent = this.#heap[above];
      if (parent === undefined || isBefore(parent, entry)) break;
      this.#heap[index] = parent;
      index = above;
    }
    this.#heap[index] = entry;
  }

  dropFirst(): void {
    const entry = this.#heap.pop();
    if (entry === undefined || this.#heap.length === 0) return;
    let index = 0;
    while (true) {
      let below = 2 * index + 1;
      let child = this.#heap[below];
      const right = this.#heap[below + 1];
      if (child !== undefined && right !== undefined && isBefore(right, child)) {
        below++;
        child = right;
      }
      if (child === undefined || isBefore(entry, child)) break;
      this.#heap[index] = child;
      index = below;
    }
    this.#heap[index] = entry;
  }

  clear(): void {
    this.#heap.length = 0;
  }
}

function isBefore(a: Entry<unknown>, b: Entry<unknown>): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}
