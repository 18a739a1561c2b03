import { checkFunction, checkOptionNames, checkSignal } from "../checks/options.ts";
import type { Update } from "../updates/update.ts";
import type { WebhookInfo } from "../updates/webhook_info.ts";
import { checkApiRoot } from "./api_root.ts";
import { assertBotToken } from "./bot_token.ts";
import { checkParam } from "./check_param.ts";
import { callBotApi } from "./call_bot_api.ts";
import { certificateFile } from "./certificate_file.ts";
import { assertGetUpdatesParams, type GetUpdatesParams } from "./get_updates_params.ts";
import type { BotApiFetch, Endpoint } from "./send_request.ts";
import {
  assertDeleteWebhookParams,
  assertSetWebhookParams,
  type DeleteWebhookParams,
  type SetWebhookParams,
} from "./webhook_params.ts";

/** Options of {@link botApi}. */
export interface BotApiOptions {
  /**
   * The server to call, `https://api.telegram.org` by default, or one that you run yourself.
   *
   * @see https://core.telegram.org/bots/api#using-a-local-bot-api-server
   */
  readonly apiRoot?: string | undefined;
  /**
   * What sends the requests, the global `fetch` by default. Give your own to go through a proxy. It must honour
   * `init.signal`: a call that is aborted waits until the request ends or fails.
   */
  readonly fetch?: BotApiFetch | undefined;
  /** Aborts every call. */
  readonly signal?: AbortSignal | undefined;
}

/** Options of a single call. */
export interface BotApiCallOptions {
  /**
   * Aborts this call, which then rejects with the signal's reason. `AbortSignal.timeout(5_000)` sets a time
   * limit.
   */
  readonly signal?: AbortSignal | undefined;
}

/**
 * The Bot API methods that a webhook needs, and every other by {@link BotApi.call}.
 *
 * Every method rejects with a {@link BotApiError} when Telegram refuses, with a {@link TelehookError} of the
 * code `ERR_BOT_API_UNREACHABLE` when there is no usable answer, and with the signal's reason when it is
 * aborted. Calls have no time limit of their own. Neither the token nor a `secret_token` is in any error.
 *
 * @see https://core.telegram.org/bots/api#getting-updates
 */
export interface BotApi {
  /**
   * Tells Telegram where to deliver updates. An empty `url` removes the webhook.
   *
   * @see https://core.telegram.org/bots/api#setwebhook
   * @throws {TelehookError} `ERR_OPTION`, `ERR_SECRET_TOKEN`, `ERR_TLS` when a parameter cannot be right
   */
  setWebhook(params: SetWebhookParams, options?: BotApiCallOptions): Promise<true>;

  /**
   * Stops the delivery of updates. Telegram keeps those that wait, unless told to drop them.
   *
   * @see https://core.telegram.org/bots/api#deletewebhook
   * @throws {TelehookError} `ERR_OPTION` when a parameter cannot be right
   */
  deleteWebhook(params?: DeleteWebhookParams, options?: BotApiCallOptions): Promise<true>;

  /**
   * What Telegram knows of the webhook: its URL, how many updates wait, what went wrong last.
   *
   * @see https://core.telegram.org/bots/api#getwebhookinfo
   */
  getWebhookInfo(options?: BotApiCallOptions): Promise<WebhookInfo>;

  /**
   * Asks for the updates that wait, which works only while no webhook is set.
   *
   * @see https://core.telegram.org/bots/api#getupdates
   * @throws {TelehookError} `ERR_OPTION` when a parameter cannot be right
   */
  getUpdates(params?: GetUpdatesParams, options?: BotApiCallOptions): Promise<Update[]>;

  /**
   * Calls any method. Parameters go out as they are, spelt as on the wire, without a check of their names: as
   * JSON, or as `multipart/form-data` when one of them is a `Blob`, a `File`, an `ArrayBuffer` or a view of
   * one. A parameter that is `undefined` or `null` is left out.
   *
   * @see https://core.telegram.org/bots/api#available-methods
   * @typeParam Result What the method returns. It is not verified.
   * @param method The method's name, such as `getMe`.
   * @throws {TelehookError} `ERR_OPTION` when the method's name has other characters than letters, or a
   * parameter cannot be written as JSON
   */
  call<Result = unknown>(method: string, params?: object, options?: BotApiCallOptions): Promise<Result>;
}

/**
 * A client for the Bot API: small, since a webhook needs little of it, and careful with what it holds.
 *
 * - A call that Telegram answers with 429 is repeated after the `retry_after` seconds that Telegram asks for,
 *   as often as it asks. Only a signal ends that: give one (`AbortSignal.timeout(…)`) where you cannot wait.
 * - Redirects are not followed, and the token is in no error, no stack and no cause, nor does logging the
 *   client show it.
 *
 * @param token The bot token, as @BotFather shows it.
 * @param options `apiRoot` (`https://api.telegram.org`), `fetch` (the global one), `signal` (aborts every
 * call).
 * @throws {TelehookError} `ERR_BOT_TOKEN` when the token is missing or malformed, `ERR_OPTION`
 * @see https://core.telegram.org/bots/api#making-requests
 *
 * @example
 * ```ts
 * import { botApi } from "@telehook/telehook";
 *
 * const answer = () => Promise.resolve(Response.json({ ok: true, result: true }));
 * const api = botApi("123456789:AAexample", { fetch: answer }); // leave `fetch` out to call Telegram
 * await api.setWebhook({
 *   url: "https://bot.example.org/telegram",
 *   allowed_updates: ["message", "callback_query"],
 *   secret_token: "a-secret-of-your-own",
 * });
 * ```
 */
export function botApi(token: string, options: BotApiOptions = {}): BotApi {
  assertBotToken(token);
  checkOptionNames("botApi", options, ["apiRoot", "fetch", "signal"]);
  checkFunction("fetch", options.fetch);
  checkSignal("signal", options.signal);
  const { apiRoot = "https://api.telegram.org" } = options;
  const endpoint: Endpoint = {
    token,
    apiRoot: checkApiRoot(apiRoot, '"apiRoot"'),
    fetch: options.fetch ?? ((url, init) => fetch(url, init)),
  };

  async function call<Result>(
    method: string,
    params: object = {},
    callOptions: BotApiCallOptions = {},
  ): Promise<Result> {
    checkParam("params", params, "an object", isRecord);
    checkOptionNames("a Bot API call", callOptions, ["signal"]);
    const { signal } = callOptions;
    checkSignal("signal", signal);
    return await callBotApi(endpoint, method, params, either(options.signal, signal)) as Result;
  }

  return {
    call,
    async setWebhook(params, options) {
      assertSetWebhookParams(params);
      const certificate = await certificateFile(params.certificate);
      return await call("setWebhook", { ...params, certificate }, options);
    },
    async deleteWebhook(params = {}, options) {
      assertDeleteWebhookParams(params);
      return await call("deleteWebhook", params, options);
    },
    getWebhookInfo: (options) => call("getWebhookInfo", {}, options),
    async getUpdates(params = {}, options) {
      assertGetUpdatesParams(params);
      return await call("getUpdates", params, options);
    },
  };
}

function isRecord(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function either(first: AbortSignal | undefined, second: AbortSignal | undefined): AbortSignal | undefined {
  return first && second ? AbortSignal.any([first, second]) : first ?? second;
}
