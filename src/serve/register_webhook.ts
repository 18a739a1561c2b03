import { printError } from "../text/printable_error.ts";
import { setWebhookBody } from "../bot_api/bot_api.ts";
import { BotApiError } from "../bot_api/bot_api_error.ts";
import { callOnce, secondsToWait } from "../bot_api/call_bot_api.ts";
import type { Endpoint } from "../bot_api/send_request.ts";
import { anySignal } from "../platform/any_signal.ts";
import { pause } from "../platform/pause.ts";
import type { SetWebhookParams } from "../bot_api/webhook_params.ts";
import { TelehookError } from "../errors/telehook_error.ts";

/** The first pause between two attempts, the longest, and how long an attempt may take, in milliseconds. */
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 10_000;
const ATTEMPT_MS = 30_000;

/**
 * Calls `setWebhook`, again and with growing pauses while the failure may pass: a network that is not up yet, a Bot API
 * that restarts or asks to come back later, a proxy's error page.
 *
 * @param withinMs How long to try again, in milliseconds.
 * @param stop Ends it.
 * @throws {BotApiError} If Telegram refuses, or still fails.
 * @throws {TelehookError} `ERR_BOT_API_UNREACHABLE` if Telegram still cannot be reached.
 */
export async function registerWebhook(
  endpoint: Endpoint,
  params: SetWebhookParams,
  withinMs: number,
  stop: AbortSignal,
): Promise<void> {
  const until = performance.now() + withinMs;
  const body = await setWebhookBody(endpoint, params);
  for (let pauseMs = FIRST_PAUSE_MS;; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
    let waitMs: number;
    try {
      return await setWebhookOnce(endpoint, body, stop);
    } catch (error) {
      stop.throwIfAborted();
      waitMs = Math.max(pauseMs, secondsToWait(error) * 1000);
      if (!mayPass(error) || performance.now() + waitMs > until) throw error;
      if (pauseMs === FIRST_PAUSE_MS) {
        const howLong = withinMs === Infinity ? "" : ` for up to ${Math.ceil(withinMs / 1000)} s`;
        printError(`telehook: the webhook is not registered yet; trying again${howLong}:`, error);
      }
    }
    await pause(waitMs, stop);
  }
}

/**
 * Calls `setWebhook` once, as {@link callOnce} does; a silent connection is one that cannot be reached.
 *
 * @param body What {@link setWebhookBody} returned.
 * @param stop Ends it.
 */
export async function setWebhookOnce(endpoint: Endpoint, body: object, stop: AbortSignal): Promise<void> {
  const tooLong = AbortSignal.timeout(ATTEMPT_MS);
  try {
    await callOnce(endpoint, "setWebhook", body, anySignal([stop, tooLong]));
  } catch (error) {
    if (error !== tooLong.reason) throw error;
    throw new TelehookError(
      "ERR_BOT_API_UNREACHABLE",
      `The Bot API did not answer "setWebhook" within ${
        ATTEMPT_MS / 1000
      } s: check the network and "apiRoot"`,
    );
  }
}

function mayPass(error: unknown): boolean {
  if (error instanceof BotApiError) return error.error_code >= 500 || error.error_code === 429;
  return error instanceof TelehookError && error.code === "ERR_BOT_API_UNREACHABLE";
}
