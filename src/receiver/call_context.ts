import { TelehookError } from "../errors/telehook_error.ts";
import { abort } from "../platform/abort.ts";
import type { HostedBot, ReceiverContext } from "./receiver.ts";

/** Completes the update of a call inside a transaction of the user. */
export type CompleteIn = (transaction: unknown) => Promise<void>;

/** The context of one call of a receiver. Its signal is created when it is first read, since few receivers do. */
export class CallContext implements ReceiverContext {
  readonly attempt: number;
  readonly isReplay: boolean;
  bot: HostedBot | undefined = undefined;
  readonly #completeIn: CompleteIn | undefined;
  #controller: AbortController | undefined;
  #reason: Error | undefined;

  constructor(attempt: number, isReplay: boolean, completeIn: CompleteIn | undefined) {
    this.attempt = attempt;
    this.isReplay = isReplay;
    this.#completeIn = completeIn;
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#reason !== undefined) this.#controller.abort(this.#reason);
    }
    return this.#controller.signal;
  }

  async complete(transaction: unknown): Promise<void> {
    if (this.#completeIn === undefined) {
      throw new TelehookError(
        "ERR_STORE",
        "This store cannot complete an update inside a transaction: use postgresStore of telehook/postgres",
      );
    }
    await this.#completeIn(transaction);
  }

  /** Aborts the signal. The first of several reasons is kept. */
  abort(reason: Error): void {
    this.#reason ??= reason;
    if (this.#controller !== undefined) abort(this.#controller, this.#reason);
  }
}
