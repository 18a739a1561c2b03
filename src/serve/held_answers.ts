import { BEFORE_CLOSING, untilQuiet } from "../platform/quiet.ts";

/**
 * Answers that are kept back while a listener goes. `Deno.serve` and `Bun.serve` stop listening and close the connections
 * between two requests in one step: a request that is on its way there is lost, and if it has arrived unread, the system
 * sends a reset. A sender that waits for an answer has nothing on its way.
 */
export class HeldAnswers {
  #arrived = 0;
  #ready = 0;
  #release = () => {};
  readonly #released = new Promise<void>((resolve) => this.#release = resolve);

  /** How many answers are ready: a request that never becomes whole gets none. */
  get ready(): number {
    return this.#ready;
  }

  /** Keeps an answer until all are released, and tells its sender that the connection ends with it. */
  async hold(answer: Promise<Response>): Promise<Response> {
    this.#arrived++;
    const response = await answer;
    this.#ready++;
    await this.#released;
    response.headers.set("connection", "close");
    return response;
  }

  /** Resolves when no more requests come. */
  untilQuiet(): Promise<void> {
    return untilQuiet(() => this.#arrived, BEFORE_CLOSING);
  }

  /** Lets all of them go. */
  release(): void {
    this.#release();
  }
}
