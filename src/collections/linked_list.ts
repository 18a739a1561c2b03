/** An item of a {@link LinkedList} contains the links to its neighbors, so that it can be removed without a search. */
export interface Linked<T> {
  before: T | undefined;
  behind: T | undefined;
}

/** Items in the order in which they were added. An item is in one list at most. Adding and removing allocate nothing. */
export class LinkedList<T extends Linked<T>> {
  #first: T | undefined;
  #last: T | undefined;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get first(): T | undefined {
    return this.#first;
  }

  get last(): T | undefined {
    return this.#last;
  }

  /** Adds an item that is not in the list. */
  add(item: T): void {
    if (this.#last === undefined) this.#first = item;
    else this.#last.behind = item;
    item.before = this.#last;
    this.#last = item;
    this.#size++;
  }

  /** Removes an item. @returns Whether it was in the list. */
  remove(item: T): boolean {
    const { before, behind } = item;
    if (before !== undefined) before.behind = behind;
    else if (this.#first === item) this.#first = behind;
    else return false;
    if (behind !== undefined) behind.before = before;
    else this.#last = before;
    item.before = undefined;
    item.behind = undefined;
    this.#size--;
    return true;
  }

  clear(): void {
    this.#first = undefined;
    this.#last = undefined;
    this.#size = 0;
  }
}
