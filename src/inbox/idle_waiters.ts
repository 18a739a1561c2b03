/** Those who wait for the moment at which nothing is left to do. */
export class IdleWaiters {
  #resolvers: (() => void)[] = [];

  get areWaiting(): boolean {
    return this.#resolvers.length > 0;
  }

  /** Resolves with the next {@link tell}. */
  wait(): Promise<void> {
    return new Promise((resolve) => this.#resolvers.push(resolve));
  }

  /** Resolves with the next {@link tell}, or after so many milliseconds. */
  waitAtMost(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#resolvers.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  tell(): void {
    const resolvers = this.#resolvers;
    this.#resolvers = [];
    for (const resolve of resolvers) resolve();
  }
}
