import { setImmediate } from "node:timers";

/** Knows when no request is unanswered. */
export class Idle {
  #owed: () => number;
  #watchers = new Set<() => void>();

  /** @param owed How many answers are owed now. */
  constructor(owed: () => number) {
    this.#owed = owed;
  }

  /** Something changed: look again. */
  changed(): void {
    for (const watcher of [...this.#watchers]) watcher();
  }

  /** Resolves when no answer is owed, or one has been for `patienceMs` of real time. */
  async settle(patienceMs: number): Promise<void> {
    const deadline = performance.now() + patienceMs;
    for (;;) {
      await new Promise((resolve) => setImmediate(resolve));
      const left = deadline - performance.now();
      if (this.#owed() <= 0 || left <= 0) return;
      await this.#change(left);
    }
  }

  #change(withinMs: number): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.#watchers.delete(done);
        resolve();
      };
      const timer = setTimeout(done, withinMs);
      this.#watchers.add(done);
    });
  }
}
