import { setWebhookBody } from "../bot_api/bot_api.ts";
import { onceAllowed } from "../bot_api/call_bot_api.ts";
import type { Endpoint } from "../bot_api/send_request.ts";
import type { SetWebhookParams } from "../bot_api/webhook_params.ts";
import type { TelehookError } from "../errors/telehook_error.ts";
import type { Pipeline } from "../pipeline.ts";
import { Abortable } from "../platform/abort.ts";
import { pause } from "../platform/pause.ts";
import { setWebhookOnce } from "../serve/register_webhook.ts";
import { pipelineOf, type Webhook } from "../webhook.ts";

/** Telegram allows one `setWebhook` a second for each bot. */
const REGISTER_EVERY_MS = 1_000;

/** What the host does not choose itself. */
export type RegisteredParams = Omit<SetWebhookParams, "url" | "secret_token">;

/** One bot of a host: its webhook, and how that is registered. */
export class HostMember {
  readonly hook: Webhook;
  readonly pipeline: Pipeline;
  readonly #endpoint: Endpoint;
  readonly #secretToken: string;
  /** When `setWebhook` may be called again. */
  #registerAt = 0;
  readonly #registering = new Abortable();
  /** Why the host does not have the bot any longer. */
  #gone: TelehookError | undefined;

  constructor(hook: Webhook, endpoint: Endpoint, secretToken: string) {
    this.hook = hook;
    this.pipeline = pipelineOf(hook);
    this.#endpoint = endpoint;
    this.#secretToken = secretToken;
  }

  get token(): string {
    return this.#endpoint.token;
  }

  /** Calls `setWebhook`, as often as Telegram answers 429, and at most once a second. */
  async register(url: string, params: RegisteredParams): Promise<void> {
    const now = performance.now();
    const waitMs = this.#registerAt - now;
    this.#registerAt = Math.max(now, this.#registerAt) + REGISTER_EVERY_MS;
    if (this.#gone !== undefined) throw this.#gone;
    const registering = this.#registering.begin();
    const { signal } = registering;
    try {
      if (waitMs > 0) await pause(waitMs, signal);
      const body = await setWebhookBody(this.#endpoint, {
        allowed_updates: this.hook.allowedUpdates,
        ...params,
        url,
        secret_token: this.#secretToken,
      });
      await onceAllowed(() => setWebhookOnce(this.#endpoint, body, signal), signal);
    } finally {
      this.#registering.end(registering);
    }
  }

  /** Closes, and fails what is being registered with the reason. */
  async close(reason: TelehookError, timeoutMs: number): Promise<void> {
    this.#gone = reason;
    this.#registering.abort(reason);
    await this.hook.close({ timeoutMs });
  }
}
