import { checkNumber, checkOptionNames } from "../checks/options.ts";
import { TelehookError } from "../errors/telehook_error.ts";

/**
 * Thrown by a receiver that cannot handle an update now, and knows when to try again. It is not a failure: it counts
 * neither as an attempt nor as a sign of an outage.
 *
 * @example
 * ```ts
 * import { RetryLater, updateHandlers } from "@telehook/telehook";
 *
 * const isMaintenance = () => false;
 * const bot = updateHandlers({
 *   message() {
 *     if (isMaintenance()) throw new RetryLater({ afterMs: 60_000 });
 *   },
 * });
 * console.log(bot.allowedUpdates); // [ "message" ]
 * ```
 */
export class RetryLater extends Error {
  /** The class's name. */
  override readonly name: string = "RetryLater";
  /** Milliseconds until the update is handled again. Telegram waits at most for the update's own lifetime. */
  readonly afterMs: number;

  /**
   * Creates one.
   *
   * @param options `afterMs`: milliseconds until the update is handled again, at most an hour.
   * @throws {TelehookError} `ERR_OPTION` if that is not a whole number from 1 to 3 600 000.
   */
  constructor(options: { readonly afterMs: number }) {
    checkOptionNames("RetryLater", options, ["afterMs"]);
    const afterMs = checkNumber("afterMs", options.afterMs ?? NaN, { default: 1, min: 1, max: 3_600_000 });
    super(`The update is to be handled again in ${afterMs} ms`);
    this.afterMs = afterMs;
  }
}

/**
 * Thrown by a receiver that will never be able to handle an update: it is parked immediately.
 *
 * @example
 * ```ts
 * import { GiveUp, updateHandlers } from "@telehook/telehook";
 *
 * const bot = updateHandlers({
 *   message({ message }) {
 *     if (message.text === "nonsense") throw new GiveUp("nobody understands this");
 *   },
 * });
 * console.log(bot.allowedUpdates); // [ "message" ]
 * ```
 */
export class GiveUp extends Error {
  /** The class's name. */
  override readonly name: string = "GiveUp";

  /**
   * Creates one.
   *
   * @param reason Why, for people who look at parked updates.
   */
  constructor(reason: string) {
    super(reason);
  }
}

/**
 * Thrown by a receiver of this library that accepts nothing more, such as streams that were closed: an update is not handled
 * and has not failed. Any other `ERR_CLOSED` is a failure like all others: something that the handler used is closed.
 */
export class ReceiverClosed extends TelehookError {
  constructor(message: string) {
    super("ERR_CLOSED", message);
  }
}
