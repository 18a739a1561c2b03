import {
  type Answer,
  NOT_POST,
  TOO_LARGE,
  UNKNOWN_ADDRESS,
  WRONG_ADDRESS,
  WRONG_PATH,
  WRONG_SECRET,
} from "../answers/answer.ts";
import { checkNumber } from "../checks/options.ts";
import { addressCheck } from "./address_ranges.ts";
import { clientAddress, type TrustedProxy } from "./client_address.ts";
import type { DeliveryHead } from "./head.ts";
import { isPath, wirePath } from "./path.ts";
import { SECRET_TOKEN_HEADER, secretCheck } from "./secret_token.ts";

/** Who may deliver, and what: everything that is decided before a body is read. */
export interface GuardOptions {
  /**
   * The `secret_token` that `setWebhook` was called with: 1 to 256 characters `A-Z a-z 0-9 _ -`. Each one in an array is
   * valid, for a rotation. `null` deliberately accepts updates from anyone who knows the URL.
   */
  readonly secretToken: string | readonly string[] | null;
  /**
   * The only path that is answered, without query, written as in the URL that `setWebhook` was called with. Default: any
   * path. Requests are compared in the normal form of the URL standard on every runtime: `/a/../hook` is `/hook`.
   */
  readonly path?: string;
  /**
   * The addresses that may deliver: IP addresses, CIDR ranges, and `"telegram"` for
   * [Telegram's subnets](https://core.telegram.org/bots/webhooks#the-short-version). Default: any.
   *
   * `listen`, `toNodeListener` and the servers of Deno and Bun know the client's address. In a framework, pass what it
   * gives you as the second argument (`hook(c.req.raw, c.env)` with Hono), or `{ remoteAddr: { hostname: address } }`.
   * When the address is not known, the answer is 403 and the console says so once.
   */
  readonly allowedAddresses?: readonly string[];
  /** The reverse proxies whose forwarding header you trust. Default: none, so the socket's address counts. */
  readonly trustedProxy?: TrustedProxy;
  /**
   * The largest body that is accepted, in bytes. Default: 1 048 576 (1 MiB); Telegram's updates have at most 512 KiB. A
   * body parser in front of the webhook has its own limit, which may be smaller (100 kB in Express).
   */
  readonly maxBodyBytes?: number;
}

/** Checks the head of a delivery. Returns the refusal, or `undefined` if the body may be read. */
export type Guard = (head: DeliveryHead) => Answer | undefined;

/** The default of {@link GuardOptions.maxBodyBytes}. */
export const MAX_BODY_BYTES = 1_048_576;

/**
 * Creates the first stage of the pipeline.
 *
 * @throws {TelehookError} If an option has an invalid value.
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
    if (path !== undefined && !isPath(head.path, path)) return WRONG_PATH;
    if (isAllowed !== undefined) {
      const address = addressOf(head);
      if (address === undefined) return UNKNOWN_ADDRESS;
      if (!isAllowed(address)) return WRONG_ADDRESS;
    }
    if (isSecret !== undefined && !isSecret(head.header(SECRET_TOKEN_HEADER))) return WRONG_SECRET;
    const { contentLength } = head;
    return contentLength !== undefined && contentLength > maxBodyBytes ? TOO_LARGE : undefined;
  };
}
