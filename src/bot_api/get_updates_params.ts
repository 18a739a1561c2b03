import { checkNumber, checkOptionNames } from "../checks/options.ts";
import type { AllowedUpdates } from "./allowed_updates.ts";
import { checkTexts } from "./check_param.ts";

/**
 * The parameters of `getUpdates`.
 *
 * @see https://core.telegram.org/bots/api#getupdates
 */
export interface GetUpdatesParams {
  /**
   * The first update to return. Give one more than the highest `update_id` seen: that confirms all before it.
   * A negative one counts from the end of the queue.
   */
  readonly offset?: number | undefined;
  /** How many updates to return at most, 1–100, 100 when left out. */
  readonly limit?: number | undefined;
  /**
   * How many seconds to wait for an update when there is none (long polling), 0 when left out; Telegram waits
   * at most 50.
   */
  readonly timeout?: number | undefined;
  /** The kinds of update to return; when left out, what was set last. */
  readonly allowed_updates?: AllowedUpdates | undefined;
}

// The server's integers have 32 bits.
const MOST = 2 ** 31 - 1;

/**
 * Refuses what Telegram would bend or ignore.
 *
 * @throws {TelehookError} `ERR_OPTION`
 */
export function assertGetUpdatesParams(params: GetUpdatesParams): void {
  checkOptionNames("getUpdates", params, ["offset", "limit", "timeout", "allowed_updates"]);
  checkNumber("offset", params.offset, { default: 0, min: -MOST, max: MOST });
  checkNumber("limit", params.limit, { default: 100, min: 1, max: 100 });
  checkNumber("timeout", params.timeout, { default: 0, min: 0, max: MOST });
  checkTexts("allowed_updates", params.allowed_updates);
}
