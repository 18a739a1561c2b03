/** A set that forgets what was added longest ago once it is full. */
export class BoundedSet<T> {
  readonly #most: number;
  readonly #members = new Set<T>();

  constructor(most: number) {
    this.#most = most;
  }

  has(member: T): boolean {
    return this.#members.has(member);
  }

  add(member: T): void {
    this.#members.delete(member);
    this.#members.add(member);
    if (this.#members.size <= this.#most) return;
    for (const oldest of this.#members) {
      this.#members.delete(oldest);
      return;
    }
  }
}
