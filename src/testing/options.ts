import {
  checkBoolean,
  checkFunction,
  checkNumber,
  checkOptionNames,
  checkText,
  checkValue,
  hasMethods,
} from "../checks/options.ts";
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
  checkBotValues(options);
  const { authorities, bots, clock, hostname, random, resolve, roundTripMs, strict, timeScale } = options;
  checkValue("bots", bots, "an array", Array.isArray);
  checkNumber("port", options.port, { default: 0, min: 0, max: 65_535 });
  checkText("hostname", hostname);
  checkTimeScale(timeScale);
  checkValue("clock", clock, "virtualClock() or an object like it", (it) => hasMethods(it, "now", "after"));
  const isTime = (given: unknown) => typeof given === "function" || isAtLeast(0, given);
  checkValue("roundTripMs", roundTripMs, "a number of milliseconds or a function that returns it", isTime);
  checkWaitMs("waitMs", options.waitMs);
  checkText("authorities", authorities);
  checkFunction("random", random);
  checkBoolean("strict", strict);
  checkValue("resolve", resolve, "an object", isObject);
}

/** Refuses what time cannot be multiplied by. */
export function checkTimeScale(scale: unknown): void {
  checkValue("timeScale", scale, "a number above 0", (given) => isAtLeast(0, given) && given !== 0);
}

/** Refuses what is no time to wait for. */
export function checkWaitMs(name: string, ms: unknown): void {
  const isWait = (given: unknown) => given === Infinity || isAtLeast(0, given);
  checkValue(name, ms, "a number of milliseconds or Infinity", isWait);
}

/** Refuses what is no time to pass. */
export function checkMs(name: string, ms: unknown): void {
  checkValue(name, ms ?? null, "a number of milliseconds", (given) => isAtLeast(0, given));
}

/** Refuses options that a further bot does not have. */
export function checkBotOptions(options: TestBotOptions): void {
  checkOptionNames("addBot", options, BOT_NAMES);
  checkBotValues(options);
}

function checkBotValues({ token, bot, firstUpdateId }: TestBotOptions): void {
  checkValue("token", token, 'digits, a colon and more, such as "1:A"', isToken);
  checkValue("bot", bot, "an object", isObject);
  checkNumber("firstUpdateId", firstUpdateId, { default: 1, min: 0, max: Number.MAX_SAFE_INTEGER });
}

function isToken(value: unknown): boolean {
  return typeof value === "string" && /^\d+:./.test(value);
}

function isObject(value: unknown): boolean {
  return typeof value === "object" && value !== null;
}

function isAtLeast(least: number, value: unknown): boolean {
  return typeof value === "number" && value >= least && value < Infinity;
}
