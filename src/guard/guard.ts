import {
  type Answer,
  NOT_JSON,
  NOT_POST,
  TOO_LARGE,
  WRONG_ADDRESS,
  WRONG_PATH,
  WRONG_SECRET,
} from "../answers/answer.ts";
import { checkNumber } from "../checks/options.ts";
import { addressCheck } from "./address_ranges.ts";
import { clientAddress, type TrustedProxy } from "./client_address.ts";
import type { DeliveryHead } from "./head.ts";
import { isJson } from "./media_type.ts";
import { wirePath } from "./path.ts";
import { SECRET_TOKEN_HEADER, secretCheck } from "./secret_token.ts";

/** Who may deliver what: everything that is decided before a body is read. */
export interface GuardOptions {
  /**
   * The `secret_token` that the webhook was set with: 1 to 256 characters `A-Z a-z 0-9 _ -`. Several are all valid,
   * for the time of a rotation. `null` says on purpose that anyone who knows the URL may post updates.
   */
  readonly secretToken: string | readonly string[] | null;
  /** The only path that is answered, without query. Default: any path. */
  readonly path?: string;
  /**
   * The addresses that may deliver: IP addresses, CIDR ranges, and `"telegram"` for
   * [Telegram's subnets](https://core.telegram.org/bots/webhooks#the-short-version). Default: any.
   */
  readonly allowedAddresses?: readonly string[];
  /** The reverse proxies whose header tells the client's address. Default: none, so the socket's address counts. */
  readonly trustedProxy?: TrustedProxy;
  /** The largest body that is read, in bytes. Default: 1 048 576 (1 MiB); Telegram's updates have at most 512 KiB. */
  readonly maxBodyBytes?: number;
}

/** Looks at a delivery's head: what it is refused with, or `undefined` if its body may be read. */
export type Guard = (head: DeliveryHead) => Answer | undefined;

/** The default of {@link GuardOptions.maxBodyBytes}. */
export const MAX_BODY_BYTES = 1_048_576;

/**
 * Makes the first stage of the pipeline.
 *
 * @throws {TelehookError} If an option has a value it cannot have.
 */
export function createGuard(options: GuardOptions): Guard {
  const isSecret = secretCheck(options.secretToken);
  const path = options.path === undefined ? undefined : wirePath(options.path);
  const maxBodyBytes = checkNumber("maxBodyBytes", options.maxBodyBytes, {
    default: MAX_BODY_BYTES,
    min: 1,
    max: 2 ** 30,
  });
  const isAllowed = options.allowedAddresses === undefined
    ? undefined
    : addressCheck("allowedAddresses", options.allowedAddresses);
  const addressOf = clientAddress(options.trustedProxy);

  return (head) => {
    if (head.method !== "POST") return NOT_POST;
    if (path !== undefined && head.path !== path) return WRONG_PATH;
    if (isAllowed !== undefined) {
      const address = addressOf(head);
      if (address === undefined || !isAllowed(address)) return WRONG_ADDRESS;
    }
    if (isSecret !== undefined && !isSecret(head.header(SECRET_TOKEN_HEADER))) return WRONG_SECRET;
    if (!isJson(head.header("content-type"))) return NOT_JSON;
    const { contentLength } = head;
    return contentLength !== undefined && contentLength > maxBodyBytes ? TOO_LARGE : undefined;
  };
}
