import { checkFunction, checkOptionNames, checkSignal, checkValue } from "../checks/options.ts";
import { TelehookError } from "../errors/telehook_error.ts";
import { anySignal } from "../platform/any_signal.ts";
import type { Update } from "../updates/update.ts";
import type { WebhookInfo } from "../updates/webhook_info.ts";
import { checkApiRoot, maxConnectionsAt, TELEGRAM_API_ROOT } from "./api_root.ts";
import { assertBotToken } from "./bot_token.ts";
import { callBotApi } from "./call_bot_api.ts";
import { certificateFile } from "./certificate_file.ts";
import { assertGetUpdatesParams, type GetUpdatesParams } from "./get_updates_params.ts";
import type { ParamsOf, ResultOf } from "./method_params.ts";
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
   * The server to call. Default: `https://api.telegram.org`. A server of your own accepts more than Telegram's.
   *
   * @see https://core.telegram.org/bots/api#using-a-local-bot-api-server
   */
  readonly apiRoot?: string | undefined;
  /**
   * What sends the requests. Default: the global `fetch`. Pass your own to use a proxy. It must honor `init.signal`: a
   * call that is aborted waits until the request ends or fails.
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
 * Every method rejects with a {@link BotApiError} if Telegram refuses, with a {@link TelehookError} of the
 * code `ERR_BOT_API_UNREACHABLE` if there is no usable answer, and with the signal's reason if it is
 * aborted. The stack of these errors is that of the caller. Calls have no time limit by default. No error contains the
 * token, or a `secret_token` of at least 8 characters.
 *
 * @see https://core.telegram.org/bots/api#getting-updates
 */
export interface BotApi {
  /**
   * Tells Telegram where to deliver updates. An empty `url` removes the webhook.
   *
   * @see https://core.telegram.org/bots/api#setwebhook
   * @throws {TelehookError} `ERR_OPTION`, `ERR_SECRET_TOKEN`, `ERR_TLS` if a parameter is wrong, `ERR_FILE` if the
   * certificate cannot be read
   */
  setWebhook(params: SetWebhookParams, options?: BotApiCallOptions): Promise<true>;

  /**
   * Stops the delivery of updates. Telegram keeps pending updates unless it is told to discard them.
   *
   * @see https://core.telegram.org/bots/api#deletewebhook
   * @throws {TelehookError} `ERR_OPTION` if a parameter is wrong
   */
  deleteWebhook(params?: DeleteWebhookParams, options?: BotApiCallOptions): Promise<true>;

  /**
   * What Telegram knows of the webhook: its URL, how many updates are pending, the last error.
   *
   * @see https://core.telegram.org/bots/api#getwebhookinfo
   */
  getWebhookInfo(options?: BotApiCallOptions): Promise<WebhookInfo>;

  /**
   * Fetches pending updates, which works only while no webhook is set.
   *
   * @see https://core.telegram.org/bots/api#getupdates
   * @throws {TelehookError} `ERR_OPTION` if a parameter is wrong
   */
  getUpdates(params?: GetUpdatesParams, options?: BotApiCallOptions): Promise<Update[]>;

  /**
   * Calls any method.
   *
   * Parameters are spelled as on the wire, and sent as JSON, or as `multipart/form-data` if there is a `Blob`, a `File`,
   * an `ArrayBuffer` or a view of one among them; a file that is nested, as in `media` of `sendMediaGroup`, is attached.
   * A parameter that is `undefined` or `null` is left out.
   *
   * The parameters and results of the ten methods of {@link MethodParams} are typed. To pass what these types do not
   * know, name the result: `call<Message>("sendMessage", …)` accepts any parameters, as do all other methods.
   *
   * @see https://core.telegram.org/bots/api#available-methods
   * @typeParam Result What the method returns, unless it is one of the typed ones. It is not verified.
   * @typeParam Method The method's name.
   * @param method The method's name, such as `getMe`.
   * @param params The method's parameters.
   * @param options `signal` aborts this call.
   * @returns What the method returns.
   * @throws {TelehookError} `ERR_OPTION` if the method's name has other characters than letters, or a
   * parameter cannot be written as JSON
   *
   * @example
   * ```ts
   * import { botApi } from "@telehook/telehook";
   *
   * const fetch = () => Promise.resolve(Response.json({ ok: true, result: { message_id: 1 } })); // leave it out
   * const api = botApi("123456789:AAexample", { fetch });
   * const { message_id } = await api.call("sendMessage", { chat_id: 111, text: "Hello" });
   * const { username } = await api.call<{ username: string }>("getMe");
   * ```
   */
  call<Result = unknown, Method extends string = string>(
    method: Method,
    params?: ParamsOf<Method>,
    options?: BotApiCallOptions,
  ): Promise<ResultOf<Method, Result>>;
}

/**
 * A client for the Bot API: small, because a webhook needs little of it, and careful with the token.
 *
 * - A call that Telegram answers with 429 is repeated after the `retry_after` seconds that Telegram asks for,
 *   as often as it asks. Only a signal ends that: pass one (`AbortSignal.timeout(…)`) where you cannot wait.
 * - Redirects are not followed, and the token is in no error, no stack and no cause. Logging the client does not show
 *   it either.
 *
 * @param token The bot token, as @BotFather shows it.
 * @param options `apiRoot` (`https://api.telegram.org`), `fetch` (the global one), `signal` (aborts every
 * call).
 * @returns The client.
 * @throws {TelehookError} `ERR_BOT_TOKEN` if the token is missing or malformed, `ERR_OPTION`
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
  const endpoint = checkedEndpoint(token, options);

  /** Makes one call. `prepare` checks the parameters and returns what to send. */
  async function send<Result>(
    caller: Caller,
    method: string,
    prepare: () => object | Promise<object>,
    callOptions: BotApiCallOptions = {},
  ): Promise<Result> {
    try {
      checkOptionNames("a Bot API call", callOptions, ["signal"]);
      const { signal } = callOptions;
      checkSignal("signal", signal);
      return await callBotApi(endpoint, method, await prepare(), either(options.signal, signal)) as Result;
    } catch (error) {
      if (error instanceof TelehookError) showCaller(error, caller);
      throw error;
    }
  }

  const api: BotApi = {
    call: (method, params, options) =>
      send(callerOf(api.call), method, () => {
        checkValue("params", params, "an object", isRecord);
        return params ?? {};
      }, options),
    setWebhook: (params, options) =>
      send(callerOf(api.setWebhook), "setWebhook", () => setWebhookBody(endpoint, params), options),
    deleteWebhook: (params = {}, options) =>
      send(callerOf(api.deleteWebhook), "deleteWebhook", () => {
        assertDeleteWebhookParams(params);
        return params;
      }, options),
    getWebhookInfo: (options) => send(callerOf(api.getWebhookInfo), "getWebhookInfo", () => ({}), options),
    getUpdates: (params = {}, options) =>
      send(callerOf(api.getUpdates), "getUpdates", () => {
        assertGetUpdatesParams(params);
        return params;
      }, options),
  };
  return api;
}

/**
 * Where the requests of a bot go.
 *
 * @throws {TelehookError} `ERR_BOT_TOKEN`, `ERR_OPTION`
 */
export function checkedEndpoint(token: string, options: BotApiOptions): Endpoint {
  assertBotToken(token);
  checkOptionNames("botApi", options, BOT_API_OPTIONS);
  checkFunction("fetch", options.fetch);
  checkSignal("signal", options.signal);
  const apiRoot = checkApiRoot(options.apiRoot ?? TELEGRAM_API_ROOT, '"apiRoot"');
  return { token, apiRoot, fetch: options.fetch ?? ((url, init) => fetch(url, init)) };
}

/**
 * What `setWebhook` sends.
 *
 * @throws {TelehookError} as {@link BotApi.setWebhook} does if a parameter is wrong.
 */
export async function setWebhookBody({ apiRoot }: Endpoint, params: SetWebhookParams): Promise<object> {
  assertSetWebhookParams(params, maxConnectionsAt(apiRoot));
  return { ...params, certificate: await certificateFile(params.certificate) };
}

const BOT_API_OPTIONS = { apiRoot: true, fetch: true, signal: true } satisfies Record<
  keyof BotApiOptions,
  true
>;

/** Where a method was called. Runtimes put the stack's text together only when it is read. */
interface Caller {
  readonly stack?: string;
}

/**
 * Notes who called this function: after the first `await`, the stack of an error shows telehook alone, and a forgotten
 * `await` leaves no trace of the caller's code.
 */
function callerOf(method: unknown): Caller {
  const capture: unknown = Reflect.get(Error, "captureStackTrace");
  if (typeof capture !== "function") return new Error();
  const caller: Caller = {};
  capture.call(Error, caller, method);
  return caller;
}

function showCaller(error: TelehookError, { stack = "" }: Caller): void {
  const frames = stack.slice(stack.search(/^\s+at /m));
  if (/^\s+at /.test(frames)) error.stack = `${error.name}: ${error.message}\n${frames}`;
}

function isRecord(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function either(first: AbortSignal | undefined, second: AbortSignal | undefined): AbortSignal | undefined {
  return first && second ? anySignal([first, second]) : first ?? second;
}
