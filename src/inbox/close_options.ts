import { checkNumber, checkOptionNames } from "../checks/options.ts";

/** How long closing may take. */
export interface CloseOptions {
  /** Milliseconds for what runs to come to its end. Default: 10 000. */
  readonly timeoutMs?: number;
}

/**
 * The time limit, checked.
 *
 * @throws {TelehookError} `ERR_OPTION` if it is not a whole number of milliseconds that a timer can wait.
 */
export function closeTimeoutMs(options: CloseOptions = {}): number {
  checkOptionNames("close", options, ["timeoutMs"]);
  return checkNumber("timeoutMs", options.timeoutMs, { default: 10_000, min: 0, max: 2 ** 31 - 1 });
}
