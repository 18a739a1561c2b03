import { pause } from "../../src/platform/pause.ts";

/** Holds back what is sent to a server, or what it answers, until it is passed on. */
export class HeldCalls {
  /** What is held back from now on. */
  holds: "requests" | "answers" | undefined;
  readonly #held: { readonly pass: () => void; readonly lose: (error: Error) => void }[] = [];

  /** Makes a call, and holds back what is to be held. */
  async make<T>(call: () => Promise<T>): Promise<T> {
    if (this.holds === "requests") await this.#hold();
    const settled = await call().then((value) => () => value, (error) => () => {
      throw error;
    });
    if (this.holds === "answers") await this.#hold();
    return settled();
  }

  /** Waits until that many are held back. */
  async has(count: number): Promise<void> {
    while (this.#held.length < count) await pause(1);
  }

  /** Passes on all that are held back, at the same moment and in their order; or all but the first ones. */
  pass(from = 0): void {
    for (const each of this.#held.splice(from)) each.pass();
  }

  /** The same, but they do not arrive. */
  lose(): void {
    for (const each of this.#held.splice(0)) each.lose(new Error("The connection was closed"));
  }

  #hold(): Promise<void> {
    return new Promise((pass, lose) => this.#held.push({ pass, lose }));
  }
}
