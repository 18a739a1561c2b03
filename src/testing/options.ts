import type { Clock } from "./clock.ts";
import type { AddressRules } from "./delivery_target.ts";
import type { User } from "./script/objects.ts";

/** How a test Bot API server is set up. */
export interface TestBotApiOptions<C extends Clock = Clock> extends AddressRules {
  /** The token of the one bot that it knows. Default: `"123456:TEST-TOKEN"`. */
  token?: string;
  /** The bot itself, as `getMe` tells. The id defaults to the one in the token. */
  bot?: Partial<User>;
  /** The port to listen on; 0 is any free one. Default: 0. */
  port?: number;
  /** The loopback address to listen on. Default: `"127.0.0.1"`. */
  hostname?: string;
  /** How many of Telegram's seconds pass in one real second, unless there is a `clock`. Default: 1. */
  timeScale?: number;
  /** The time it lives by, such as a `virtualClock()`. Default: the machine's, times `timeScale`. */
  clock?: C;
  /** The id of the first update. Default: 100000001. */
  firstUpdateId?: number;
  /** Certificate authorities that Telegram trusts here besides the public ones, as PEM. */
  authorities?: string;
  /** Where the jitter of retries comes from: a number from 0 up to 1. Default: `Math.random`. */
  random?: () => number;
}
