/** What stands in a {@link DueList} knows its neighbours there: nothing needs to be searched to take it out. */
export interface Listed<T> {
  readonly dueAt: number;
  before: T | undefined;
  behind: T | undefined;
}

/**
 * Things that fall due in the order in which they were added, the earliest first: what waits equally long from the
 * moment of being added, as an album does after each part. To add or remove one sets a few pointers, no more.
 */
export class DueList<T extends Listed<T>> {
  #first: T | undefined;
  #last: T | undefined;

  get first(): T | undefined {
    return this.#first;
  }

  /** Whether a thing falls due after all others: only then can it be added. */
  fits({ dueAt }: T): boolean {
    return this.#last === undefined || this.#last.dueAt <= dueAt;
  }

  add(item: T): void {
    if (this.#last === undefined) this.#first = item;
    else this.#last.behind = item;
    item.before = this.#last;
    this.#last = item;
  }

  /** Takes a thing out, if it is there. */
  remove(item: T): void {
    const { before, behind } = item;
    if (before !== undefined) before.behind = behind;
    else if (this.#first === item) this.#first = behind;
    if (behind !== undefined) behind.before = before;
    else if (this.#last === item) this.#last = before;
    item.before = undefined;
    item.behind = undefined;
  }

  clear(): void {
    this.#first = undefined;
    this.#last = undefined;
  }
}
