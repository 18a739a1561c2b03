/**
 * Receives Telegram Bot API webhooks on Deno, Bun, Node and every web-standard runtime, without a single dependency.
 *
 * A delivery goes one way: guard ─▶ parse ─▶ inbox ─▶ dispatch ─▶ your code.
 *
 * @example
 * ```ts
 * import { listen, updateHandlers } from "@telehook/telehook";
 *
 * const bot = updateHandlers({
 *   message: ({ message }) => ({ method: "sendMessage", chat_id: message.chat.id, text: `You said: ${message.text}` }),
 *   message_media_group: ({ message_media_group: album }) => console.log(`An album of ${album.messages.length}`),
 * });
 * const server = await listen(bot, { secretToken: "a-long-random-secret", hostname: "127.0.0.1", port: 0 });
 * console.log(`Listening on ${server.url}`);
 * await server.close();
 * ```
 *
 * @module
 */
export { prometheusText, webhook } from "./src/webhook.ts";
export type { DeliveryHandler, Webhook, WebhookOptions, WebhookStats } from "./src/webhook.ts";
export type { PipelineOptions } from "./src/pipeline.ts";
export type { OnEvent, WebhookCounts, WebhookEvent } from "./src/events/events.ts";
export type { LogFunction } from "./src/events/log.ts";
export type { BotHostHealth, WebhookHealth } from "./src/operate/health.ts";
export type { PagesOptions } from "./src/operate/pages.ts";
export { listen } from "./src/serve/listen.ts";
export type { ListenOptions } from "./src/serve/listen.ts";
export { setWebhookAndListen } from "./src/serve/set_webhook_and_listen.ts";
export type { SetWebhookAndListenOptions } from "./src/serve/set_webhook_and_listen.ts";
export type { ServeOptions, TlsFiles, TlsOptions, TlsPem, WebhookServer } from "./src/serve/server.ts";
export type { ServerRuntime } from "./src/serve/transport.ts";

export { poll } from "./src/poll/poll.ts";
export type { Poller, PollerStats, PollOptions } from "./src/poll/poll.ts";

export { botHost } from "./src/host/bot_host.ts";
export type { BotHost, BotHostOptions } from "./src/host/bot_host.ts";

export { updateHandlers } from "./src/dispatch/update_handlers.ts";
export type { CheckedHandlers, UpdateHandlers } from "./src/dispatch/update_handlers.ts";
export { isCommand } from "./src/dispatch/is_command.ts";
export { passOn } from "./src/dispatch/pass_on.ts";
export type { PassOnContext, PassOnOptions } from "./src/dispatch/pass_on.ts";
export { updateStreams } from "./src/dispatch/update_streams.ts";
export type {
  SubscriptionOptions,
  UpdateStreams,
  UpdateStreamsOptions,
} from "./src/dispatch/update_streams.ts";
export type { Overflow, UpdateStream } from "./src/dispatch/update_stream.ts";
export type {
  FilteredUpdate,
  MediaGroupContent,
  MediaGroupWith,
  MisspeltFilter,
  OptionalFieldName,
  UpdateFilterName,
} from "./src/dispatch/update_filter.ts";
export type {
  HostedBot,
  ReceivedUpdate,
  Receiver,
  ReceiverContext,
  ReceiverFunction,
  ReceiverResult,
  UpdateReceiver,
} from "./src/receiver/receiver.ts";
export { GiveUp, RetryLater } from "./src/receiver/verdicts.ts";
export type { WebhookReply } from "./src/receiver/webhook_reply.ts";
export type { ReplySender } from "./src/replies/late_replies.ts";

export { mergeMediaGroups } from "./src/inbox/merge_media_groups.ts";
export type { MediaGroupMerger, MergeMediaGroupsOptions } from "./src/inbox/merge_media_groups.ts";
export type { Acknowledge, InboxOptions, MediaGroupOptions } from "./src/inbox/inbox_options.ts";
export type { LaneFunction } from "./src/inbox/lane.ts";
export type { AlbumEnd, AlbumRules, AlbumState } from "./src/store/album_rules.ts";
export type {
  Added,
  AddMode,
  AlbumOfPart,
  Awaitable,
  Batch,
  InboxStore,
  Lane,
  ParkedBatch,
  Parking,
  StoreEntry,
  StoreHost,
  StoreStats,
  Tries,
} from "./src/store/inbox_store.ts";
export { albumState, extraAfterAbsence } from "./src/store/album_rules.ts";
export { sqliteStore } from "./src/store/sqlite/sqlite_store.ts";
export type { SqliteStoreOptions } from "./src/store/sqlite/sqlite_store.ts";
export type { CloseOptions } from "./src/inbox/closing.ts";
export type { FailureDetails, OnError } from "./src/runner/report_error.ts";

export { TELEGRAM_SUBNETS } from "./src/guard/address_ranges.ts";
export type { TrustedProxy } from "./src/guard/client_address.ts";
export type { GuardOptions } from "./src/guard/guard.ts";

export { botApi } from "./src/bot_api/bot_api.ts";
export type { BotApi, BotApiCallOptions, BotApiOptions } from "./src/bot_api/bot_api.ts";
export { BotApiError } from "./src/bot_api/bot_api_error.ts";
export { deriveSecretToken } from "./src/bot_api/derive_secret_token.ts";
export type { BotApiFailure } from "./src/bot_api/bot_api_error.ts";
export type { BotApiFetch } from "./src/bot_api/send_request.ts";
export type { AllowedUpdates } from "./src/bot_api/allowed_updates.ts";
export type { DeleteWebhookParams, SetWebhookParams } from "./src/bot_api/webhook_params.ts";
export type { GetUpdatesParams } from "./src/bot_api/get_updates_params.ts";
export type { WebhookCertificate } from "./src/bot_api/certificate_file.ts";
export type * from "./src/bot_api/method_params.ts";
export type { BotApiFile } from "./src/bot_api/serialize_params.ts";

export { watchWebhook } from "./src/webhook_check/watch_webhook.ts";
export type {
  ExpectedWebhook,
  WatchedFinding,
  WatchWebhookOptions,
  WebhookWatch,
} from "./src/webhook_check/watch_webhook.ts";
export type { WebhookFinding } from "./src/webhook_check/explain_webhook.ts";

export { TelehookError } from "./src/errors/telehook_error.ts";
export type { TelehookErrorCode } from "./src/errors/telehook_error.ts";

export { kindOf } from "./src/delivery/kind.ts";
export * from "./src/updates/mod.ts";
