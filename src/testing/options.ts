import { checkOptionNames } from "../checks/options.ts";
import type { Clock } from "./clock.ts";
import type { AddressRules } from "./delivery_target.ts";
import type { TestUser } from "./script/objects.ts";

/** A bot that a test server knows. */
export interface TestBotOptions {
  /** Its token. Default: `"123456:TEST-TOKEN"`, and for further bots the next numbers. */
  token?: string;
  /** The bot itself, as `getMe` tells. The id defaults to the one in the token. */
  bot?: Partial<TestUser>;
  /** The id of its first update. Default: 100000001. */
  firstUpdateId?: number;
}

/** How a test Bot API server is set up. */
export interface TestBotApiOptions<C extends Clock = Clock> extends TestBotOptions, AddressRules {
  /**
   * Further bots, each with its own token, webhook, updates and calls: see `telegram.bots`. Default: none.
   */
  bots?: readonly TestBotOptions[];
  /** The port to listen on; 0 is any free one. Default: 0. */
  port?: number;
  /** The loopback address to listen on. Default: `"127.0.0.1"`. */
  hostname?: string;
  /** How many of Telegram's seconds pass in one real second, unless there is a `clock`. Default: 1. */
  timeScale?: number;
  /** The time it lives by, such as a `virtualClock()`. Default: the machine's, times `timeScale`. */
  clock?: C;
  /**
   * How many milliseconds a round trip to the webhook takes, for all connections or by the number of the connection.
   * `telegram.network.roundTripMs` changes it. Default: 0.
   */
  roundTripMs?: number | ((connection: number) => number);
  /**
   * How many real milliseconds the test waits for something, such as a call of the bot, before it fails with the
   * reason. Below the 5 seconds after which most test runners give up; `Infinity` for as long as it takes. Default:
   * 4000.
   */
  waitMs?: number;
  /** Certificate authorities that Telegram trusts here besides the public ones, as PEM. */
  authorities?: string;
  /** Where the jitter of retries comes from: a number from 0 up to 1. Default: `Math.random`. */
  random?: () => number;
}

/** The name of any property of any of several types. */
export type NameOf<T> = T extends unknown ? keyof T : never;

const BOT_NAMES = { token: true, bot: true, firstUpdateId: true } satisfies Record<
  keyof TestBotOptions,
  true
>;

const SERVER_NAMES = {
  ...BOT_NAMES,
  bots: true,
  port: true,
  hostname: true,
  timeScale: true,
  clock: true,
  roundTripMs: true,
  waitMs: true,
  authorities: true,
  random: true,
  strict: true,
  resolve: true,
} satisfies Record<keyof TestBotApiOptions, true>;

/** Refuses options that `startTestBotApi` does not have. */
export function checkServerOptions(options: TestBotApiOptions): void {
  checkOptionNames("startTestBotApi", options, SERVER_NAMES);
}

/** Refuses options that a further bot does not have. */
export function checkBotOptions(options: TestBotOptions): void {
  checkOptionNames("addBot", options, BOT_NAMES);
}
