import { checkNumber, checkOptionNames, checkTexts } from "../checks/options.ts";
import type { AllowedUpdates } from "./allowed_updates.ts";

/**
 * The parameters of `getUpdates`.
 *
 * @see https://core.telegram.org/bots/api#getupdates
 */
export interface GetUpdatesParams {
  /**
   * The `update_id` of the first update to return. Pass the highest `update_id` seen plus 1: that confirms all
   * updates before it. A negative number counts from the end of the queue.
   */
  readonly offset?: number | undefined;
  /** How many updates to return at most: 1–100, default 100. */
  readonly limit?: number | undefined;
  /**
   * How many seconds to wait for an update if there is none (long polling). Default: 0. Telegram waits at most 50.
   */
  readonly timeout?: number | undefined;
  /** The kinds of update to return. Default: what was set last. */
  readonly allowed_updates?: AllowedUpdates | undefined;
}

const GET_UPDATES_PARAMS = {
  offset: true,
  limit: true,
  timeout: true,
  allowed_updates: true,
} satisfies Record<keyof GetUpdatesParams, true>;

// The server's integers have 32 bits.
const MAX_INT32 = 2 ** 31 - 1;

/**
 * Refuses what Telegram would reinterpret or ignore.
 *
 * @throws {TelehookError} `ERR_OPTION`
 */
export function assertGetUpdatesParams(params: GetUpdatesParams): void {
  checkOptionNames("getUpdates", params, GET_UPDATES_PARAMS);
  checkNumber("offset", params.offset, { default: 0, min: -MAX_INT32, max: MAX_INT32 });
  checkNumber("limit", params.limit, { default: 100, min: 1, max: 100 });
  checkNumber("timeout", params.timeout, { default: 0, min: 0, max: MAX_INT32 });
  checkTexts("allowed_updates", params.allowed_updates);
}
