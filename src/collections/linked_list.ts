/** What stands in a {@link LinkedList} knows its neighbours there: nothing needs to be searched to take it out. */
export interface Linked<T> {
  before: T | undefined;
  behind: T | undefined;
}

/** Things in the order in which they were added, each in one list at most: adding and removing allocate nothing. */
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

  /** Adds a thing that is not in it. */
  add(item: T): void {
    if (this.#last === undefined) this.#first = item;
    else this.#last.behind = item;
    item.before = this.#last;
    this.#last = item;
    this.#size++;
  }

  /** Takes a thing out, if it is there. */
  remove(item: T): void {
    const { before, behind } = item;
    if (before !== undefined) before.behind = behind;
    else if (this.#first === item) this.#first = behind;
    else return;
    if (behind !== undefined) behind.before = before;
    else this.#last = before;
    item.before = undefined;
    item.behind = undefined;
    this.#size--;
  }

  clear(): void {
    this.#first = undefined;
    this.#last = undefined;
    this.#size = 0;
  }
}
