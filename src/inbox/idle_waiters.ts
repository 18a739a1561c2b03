/** Those who wait for the moment at which nothing is left to do. */
export class IdleWaiters {
  #told: Promise<void> | undefined;
  #tell = () => {};

  get areWaiting(): boolean {
    return this.#told !== undefined;
  }

  /** Resolves with the next {@link tell}: the same promise for all, however many wait and however long that takes. */
  wait(): Promise<void> {
    return this.#told ??= new Promise((resolve) => this.#tell = resolve);
  }

  /** Resolves with the next {@link tell}, or after so many milliseconds. */
  async waitAtMost(ms: number): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    await Promise.race([this.wait(), new Promise<void>((resolve) => timer = setTimeout(resolve, ms))]);
    clearTimeout(timer);
  }

  tell(): void {
    this.#told = undefined;
    this.#tell();
  }
}
