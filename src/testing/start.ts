import { type Clock, realClock } from "./clock.ts";
import { checkServerOptions, type TestBotApiOptions } from "./options.ts";
import { TestBotApi } from "./test_bot_api.ts";

/**
 * Starts a Bot API server on loopback that knows one bot and delivers its updates as Telegram does.
 *
 * @param options The clock that it lives by, and how it is set up.
 *
 * @example
 * ```ts
 * import { startTestBotApi, virtualClock } from "@telehook/telehook/testing";
 *
 * const telegram = await startTestBotApi({ clock: virtualClock() });
 * await telegram.clock.advance(3_600_000);
 * await telegram.close();
 * ```
 */
export async function startTestBotApi<C extends Clock>(
  options: TestBotApiOptions<C> & { clock: C },
): Promise<TestBotApi<C>>;
/**
 * Starts a Bot API server on loopback that knows one bot and delivers its updates as Telegram does.
 *
 * @param options How it is set up; nothing is needed.
 *
 * @example
 * ```ts
 * import { startTestBotApi } from "@telehook/telehook/testing";
 *
 * const telegram = await startTestBotApi();
 * console.log(telegram.apiRoot, telegram.token);
 * await telegram.close();
 * ```
 */
export async function startTestBotApi(options?: TestBotApiOptions): Promise<TestBotApi>;
export async function startTestBotApi(options: TestBotApiOptions = {}): Promise<TestBotApi> {
  checkServerOptions(options);
  const telegram = new TestBotApi(options, options.clock ?? realClock(options.timeScale));
  await telegram.listen();
  return telegram;
}
