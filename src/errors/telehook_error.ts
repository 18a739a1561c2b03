/**
 * What went wrong, as a value that code can compare. A code never changes its meaning; the message may.
 *
 * - `ERR_OPTION`: an option is unknown or has an invalid value.
 * - `ERR_SECRET_TOKEN`: a secret token is missing, too long or has characters that Telegram refuses.
 * - `ERR_PATH`: a path is not one that a request can have.
 * - `ERR_ADDRESS`: an address or CIDR range cannot be read.
 * - `ERR_WEBHOOK_URL`: Telegram cannot deliver to this URL.
 * - `ERR_RUNTIME`: this runtime cannot do what was asked.
 * - `ERR_LISTEN`: the server could not start (the port is busy, the address is not this machine's, …).
 * - `ERR_TLS`: a certificate or key cannot be used.
 * - `ERR_KEYSTORE_FORMAT`: a keystore is damaged or uses a scheme that is not supported.
 * - `ERR_KEYSTORE_PASSWORD`: a keystore's or key's password is wrong.
 * - `ERR_KEYSTORE_ALIAS`: a keystore has no such entry.
 * - `ERR_BOT_TOKEN`: a bot token is missing or malformed.
 * - `ERR_BOT_API`: the Bot API answered with an error.
 * - `ERR_BOT_API_UNREACHABLE`: the Bot API gave no usable answer.
 * - `ERR_REPLY`: a reply was not sent; the `cause` says why, if it is another error.
 * - `ERR_UPDATE`: a value is not a Telegram update.
 * - `ERR_ALLOWED_UPDATES`: a subscription was made too late: Telegram was not asked for its kind.
 * - `ERR_GIVEN_UP`: the process ended each time that an update was handled, and it will not be tried again.
 * - `ERR_WEBHOOK_SET`: a bot with a webhook cannot be polled.
 * - `ERR_TIMEOUT`: a handler took longer than `handlerTimeoutMs`.
 * - `ERR_OVERLOADED`: more updates are pending than `maxPending` allows.
 * - `ERR_CLOSED`: the webhook is closed.
 * - `ERR_STORE`: a store failed or cannot be used.
 * - `ERR_FILE`: a file cannot be read or written.
 */
export type TelehookErrorCode =
  | "ERR_OPTION"
  | "ERR_SECRET_TOKEN"
  | "ERR_PATH"
  | "ERR_ADDRESS"
  | "ERR_WEBHOOK_URL"
  | "ERR_RUNTIME"
  | "ERR_LISTEN"
  | "ERR_TLS"
  | "ERR_KEYSTORE_FORMAT"
  | "ERR_KEYSTORE_PASSWORD"
  | "ERR_KEYSTORE_ALIAS"
  | "ERR_BOT_TOKEN"
  | "ERR_BOT_API"
  | "ERR_BOT_API_UNREACHABLE"
  | "ERR_REPLY"
  | "ERR_UPDATE"
  | "ERR_ALLOWED_UPDATES"
  | "ERR_GIVEN_UP"
  | "ERR_WEBHOOK_SET"
  | "ERR_TIMEOUT"
  | "ERR_OVERLOADED"
  | "ERR_CLOSED"
  | "ERR_STORE"
  | "ERR_FILE";

/**
 * Every error that telehook itself throws. Code compares its {@link TelehookError.code | code}; people read its message: "What
 * is wrong: what to do.", with the value quoted, and never with a token or a secret.
 *
 * @example
 * ```ts
 * import { TelehookError, webhook } from "@telehook/telehook";
 *
 * try {
 *   webhook(() => {}, { secretToken: "not allowed!" });
 * } catch (error) {
 *   if (error instanceof TelehookError) console.log(error.code); // ERR_SECRET_TOKEN
 * }
 * ```
 */
export class TelehookError extends Error {
  /** The name of the class, for code in which `instanceof` does not work, such as another realm. */
  override readonly name: string = "TelehookError";

  /** What went wrong, stable across versions. */
  readonly code: TelehookErrorCode;

  /**
   * Makes an error.
   *
   * @param code What went wrong.
   * @param message "What is wrong: what to do.", without the final period.
   * @param options `cause`: the error that led to this one.
   */
  constructor(code: TelehookErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
