import type { InlineKeyboardMarkup } from "../updates/inline_keyboard.ts";
import type { Message } from "../updates/message.ts";
import type { LinkPreviewOptions, MessageEntity } from "../updates/message_text.ts";
import type { SuggestedPostPrice } from "../updates/suggested_post.ts";
import type { WebAppInfo } from "../updates/web_app.ts";
import type { BotApiFile } from "./serialize_params.ts";

/*
 * Parameters of the ten methods that bots call most, as Bot API 10.3 has them. `null` and `undefined` are left out when a
 * call is sent, so `undefined` is accepted everywhere.
 */

/** A chat: its identifier, or the `@username` of a channel, supergroup or bot. */
export type ChatId = number | string;

/** How the text's formatting is written. [Bot API](https://core.telegram.org/bots/api#formatting-options) */
export type ParseMode = "HTML" | "MarkdownV2" | "Markdown";

/**
 * A file: the `file_id` of one that Telegram has, an HTTP URL that it downloads, or the content itself, which is
 * uploaded. [Bot API](https://core.telegram.org/bots/api#sending-files)
 */
export type InputFile = string | BotApiFile;

/** To which message a message replies. [Bot API](https://core.telegram.org/bots/api#replyparameters) */
export interface ReplyParameters {
  /** The message in this chat, or in `chat_id`. */
  message_id?: number | undefined;
  /** The chat of the message, if it is another one. */
  chat_id?: ChatId | undefined;
  /** The ephemeral message, instead of `message_id`. */
  ephemeral_message_id?: number | undefined;
  /** Send the message even if the other one does not exist. */
  allow_sending_without_reply?: boolean | undefined;
  /** The quoted part of the message: 0–1024 characters. */
  quote?: string | undefined;
  /** How the formatting of the quote is written. */
  quote_parse_mode?: ParseMode | undefined;
  /** The formatting of the quote. */
  quote_entities?: readonly MessageEntity[] | undefined;
  /** Where the quote begins, in UTF-16 units. */
  quote_position?: number | undefined;
  /** The checklist task to reply to. */
  checklist_task_id?: number | undefined;
  /** The poll option to reply to. */
  poll_option_id?: string | undefined;
}

/**
 * A keyboard below the input field. [Bot API](https://core.telegram.org/bots/api#replykeyboardmarkup)
 */
export interface ReplyKeyboardMarkup {
  /** Rows of buttons. */
  keyboard: readonly (readonly (KeyboardButton | string)[])[];
  /** Show it even when the system's keyboard is hidden. */
  is_persistent?: boolean | undefined;
  /** Make it as small as its buttons allow. */
  resize_keyboard?: boolean | undefined;
  /** Hide it after one press. */
  one_time_keyboard?: boolean | undefined;
  /** What the empty input field shows: 1–64 characters. */
  input_field_placeholder?: string | undefined;
  /** Show it only to users who are mentioned or replied to. */
  selective?: boolean | undefined;
}

/**
 * A button of a {@link ReplyKeyboardMarkup}. Its rarer fields (`request_users`, `request_chat`, …) are open.
 * [Bot API](https://core.telegram.org/bots/api#keyboardbutton)
 */
export interface KeyboardButton {
  /** Its label, which is sent as a message unless another field is set. */
  text: string;
  /** Send the user's phone number. */
  request_contact?: boolean | undefined;
  /** Send the user's location. */
  request_location?: boolean | undefined;
  /** Opens this Web App. */
  web_app?: WebAppInfo | undefined;
  /** Every other field, as the Bot API names it. */
  [field: string]: unknown;
}

/** Removes a reply keyboard. [Bot API](https://core.telegram.org/bots/api#replykeyboardremove) */
export interface ReplyKeyboardRemove {
  /** Always `true`. */
  remove_keyboard: true;
  /** Remove it only for users who are mentioned or replied to. */
  selective?: boolean | undefined;
}

/** Opens a reply in the user's app. [Bot API](https://core.telegram.org/bots/api#forcereply) */
export interface ForceReply {
  /** Always `true`. */
  force_reply: true;
  /** What the empty input field shows: 1–64 characters. */
  input_field_placeholder?: string | undefined;
  /** Only for users who are mentioned or replied to. */
  selective?: boolean | undefined;
}

/** What can be attached to a message. */
export type ReplyMarkup = InlineKeyboardMarkup | ReplyKeyboardMarkup | ReplyKeyboardRemove | ForceReply;

/** What every method has that sends a message. */
export interface SendParams {
  /** The chat to send to. */
  chat_id: ChatId;
  /** The business connection to send for. */
  business_connection_id?: string | undefined;
  /** The topic of a forum. */
  message_thread_id?: number | undefined;
  /** The topic of a direct messages chat. */
  direct_messages_topic_id?: number | undefined;
  /** Send without a sound. */
  disable_notification?: boolean | undefined;
  /** Forbid forwarding and saving. */
  protect_content?: boolean | undefined;
  /** Pay Telegram Stars for more than the free limit of messages per second. */
  allow_paid_broadcast?: boolean | undefined;
  /** The effect of the message, in private chats. */
  message_effect_id?: string | undefined;
  /** The message to reply to. */
  reply_parameters?: ReplyParameters | undefined;
}

/** What the methods that send one message have in addition to {@link SendParams}. */
export interface SendOneParams extends SendParams {
  /** Show the message to one user only. */
  ephemeral_message_parameters?: EphemeralMessageParameters | undefined;
  /** Suggest it as a post to a channel. */
  suggested_post_parameters?: SuggestedPostParameters | undefined;
  /** A keyboard, its removal, or a forced reply. */
  reply_markup?: ReplyMarkup | undefined;
}

/** Who sees an ephemeral message. [Bot API](https://core.telegram.org/bots/api#ephemeralmessageparameters) */
export interface EphemeralMessageParameters {
  /** The user who sees it. */
  receiver_user_id: number;
  /** The callback query that led to it. */
  callback_query_id?: string | undefined;
  /** Show it in place of the message with the button. */
  replace_callback_query_message?: boolean | undefined;
}

/** A suggested post. [Bot API](https://core.telegram.org/bots/api#suggestedpostparameters) */
export interface SuggestedPostParameters {
  /** The price; free if left out. */
  price?: SuggestedPostPrice | undefined;
  /** When to post it, in Unix seconds. */
  send_date?: number | undefined;
}

/** A caption under a file. */
export interface CaptionParams {
  /** The caption: 0–1024 characters. */
  caption?: string | undefined;
  /** How the formatting of the caption is written. */
  parse_mode?: ParseMode | undefined;
  /** The formatting of the caption, instead of `parse_mode`. */
  caption_entities?: readonly MessageEntity[] | undefined;
}

/** Parameters of `sendMessage`. [Bot API](https://core.telegram.org/bots/api#sendmessage) */
export interface SendMessageParams extends SendOneParams {
  /** The text: 1–4096 characters. */
  text: string;
  /** How the formatting of the text is written. */
  parse_mode?: ParseMode | undefined;
  /** The formatting of the text, instead of `parse_mode`. */
  entities?: readonly MessageEntity[] | undefined;
  /** How links are previewed. */
  link_preview_options?: LinkPreviewOptions | undefined;
}

/** Parameters of `sendPhoto`. [Bot API](https://core.telegram.org/bots/api#sendphoto) */
export interface SendPhotoParams extends SendOneParams, CaptionParams {
  /** The photo: at most 10 MB. */
  photo: InputFile;
  /** Show the caption above the photo. */
  show_caption_above_media?: boolean | undefined;
  /** Cover the photo until it is tapped. */
  has_spoiler?: boolean | undefined;
}

/** Parameters of `sendDocument`. [Bot API](https://core.telegram.org/bots/api#senddocument) */
export interface SendDocumentParams extends SendOneParams, CaptionParams {
  /** The file: at most 50 MB. */
  document: InputFile;
  /** A JPEG of at most 200 kB and 320 × 320 pixels, which must be uploaded. */
  thumbnail?: InputFile | undefined;
  /** Do not look at the content to find its type. */
  disable_content_type_detection?: boolean | undefined;
}

/**
 * A part of a media group. Its rarer fields (`thumbnail`, `duration`, …) are open.
 * [Bot API](https://core.telegram.org/bots/api#inputmedia)
 */
export interface InputMedia extends CaptionParams {
  /** What it is. Photos, live photos and videos can be mixed; documents and audio only among themselves. */
  type: "photo" | "video" | "live_photo" | "document" | "audio";
  /** The file. */
  media: InputFile;
  /** Every other field, as the Bot API names it. */
  [field: string]: unknown;
}

/** Parameters of `sendMediaGroup`. [Bot API](https://core.telegram.org/bots/api#sendmediagroup) */
export interface SendMediaGroupParams extends SendParams {
  /** The parts: 2–10. */
  media: readonly InputMedia[];
}

/** Parameters of `answerCallbackQuery`. [Bot API](https://core.telegram.org/bots/api#answercallbackquery) */
export interface AnswerCallbackQueryParams {
  /** The `id` of the query. */
  callback_query_id: string;
  /** What the user sees: 0–200 characters. */
  text?: string | undefined;
  /** Show it in a dialog instead of at the top of the chat. */
  show_alert?: boolean | undefined;
  /** The address that the user's app opens. */
  url?: string | undefined;
  /** For how many seconds the app may keep the answer. Default: 0. */
  cache_time?: number | undefined;
}

/** Which message to edit: `chat_id` with `message_id`, or `inline_message_id`. */
export interface EditTarget {
  /** The business connection for which the message was sent. */
  business_connection_id?: string | undefined;
  /** The chat of the message. */
  chat_id?: ChatId | undefined;
  /** The message. */
  message_id?: number | undefined;
  /** The message, if it was sent through inline mode. */
  inline_message_id?: string | undefined;
}

/** Parameters of `editMessageText`. [Bot API](https://core.telegram.org/bots/api#editmessagetext) */
export interface EditMessageTextParams extends EditTarget {
  /** The new text: 1–4096 characters. Required unless there is a `rich_message`. */
  text?: string | undefined;
  /** How the formatting of the text is written. */
  parse_mode?: ParseMode | undefined;
  /** The formatting of the text, instead of `parse_mode`. */
  entities?: readonly MessageEntity[] | undefined;
  /** How links are previewed. */
  link_preview_options?: LinkPreviewOptions | undefined;
  /** The new rich message, instead of `text`. */
  rich_message?: object | undefined;
  /** The new buttons; removed if left out. */
  reply_markup?: InlineKeyboardMarkup | undefined;
}

/**
 * Parameters of `editMessageReplyMarkup`.
 * [Bot API](https://core.telegram.org/bots/api#editmessagereplymarkup)
 */
export interface EditMessageReplyMarkupParams extends EditTarget {
  /** The new buttons; removed if left out. */
  reply_markup?: InlineKeyboardMarkup | undefined;
}

/** Parameters of `deleteMessage`. [Bot API](https://core.telegram.org/bots/api#deletemessage) */
export interface DeleteMessageParams {
  /** The chat of the message. */
  chat_id: ChatId;
  /** The message. */
  message_id: number;
}

/** Parameters of `sendChatAction`. [Bot API](https://core.telegram.org/bots/api#sendchataction) */
export interface SendChatActionParams {
  /** The chat in which it is shown, for 5 seconds or until the next message. */
  chat_id: ChatId;
  /** What the bot is doing. */
  action:
    | "typing"
    | "upload_photo"
    | "record_video"
    | "upload_video"
    | "record_voice"
    | "upload_voice"
    | "upload_document"
    | "choose_sticker"
    | "find_location"
    | "record_video_note"
    | "upload_video_note";
  /** The business connection to act for. */
  business_connection_id?: string | undefined;
  /** The topic of a forum. */
  message_thread_id?: number | undefined;
}

/**
 * A result of an inline query. Which other fields it has depends on its `type`; they are open.
 * [Bot API](https://core.telegram.org/bots/api#inlinequeryresult)
 */
export interface InlineQueryResult {
  /** What it is, such as `"article"`. */
  type: string;
  /** Its identifier: 1–64 bytes. */
  id: string;
  /** Every other field, as the Bot API names it. */
  [field: string]: unknown;
}

/** Parameters of `answerInlineQuery`. [Bot API](https://core.telegram.org/bots/api#answerinlinequery) */
export interface AnswerInlineQueryParams {
  /** The `id` of the query. */
  inline_query_id: string;
  /** At most 50 results. */
  results: readonly InlineQueryResult[];
  /** For how many seconds Telegram may keep the results. Default: 300. */
  cache_time?: number | undefined;
  /** Keep the results for this user only. */
  is_personal?: boolean | undefined;
  /** The `offset` of the query for more results; empty if there are no more. At most 64 bytes. */
  next_offset?: string | undefined;
  /** A button above the results. */
  button?: InlineQueryResultsButton | undefined;
}

/** A button above the results of an inline query, with one field in addition to `text`. */
export interface InlineQueryResultsButton {
  /** Its label. */
  text: string;
  /** Opens this Web App. */
  web_app?: WebAppInfo | undefined;
  /** Sends `/start` with this parameter to the bot. */
  start_parameter?: string | undefined;
}

/** The methods whose parameters are typed, with their parameters. */
export interface MethodParams {
  /** Sends a text. */
  sendMessage: SendMessageParams;
  /** Sends a photo. */
  sendPhoto: SendPhotoParams;
  /** Sends a file. */
  sendDocument: SendDocumentParams;
  /** Sends an album. */
  sendMediaGroup: SendMediaGroupParams;
  /** Ends the waiting of the user who pressed a button. */
  answerCallbackQuery: AnswerCallbackQueryParams;
  /** Replaces the text of a message. */
  editMessageText: EditMessageTextParams;
  /** Replaces the buttons under a message. */
  editMessageReplyMarkup: EditMessageReplyMarkupParams;
  /** Deletes a message. */
  deleteMessage: DeleteMessageParams;
  /** Shows that the bot is busy. */
  sendChatAction: SendChatActionParams;
  /** Answers an inline query. */
  answerInlineQuery: AnswerInlineQueryParams;
}

/** What the methods return whose parameters are typed. */
export interface MethodResults {
  /** The message that was sent. */
  sendMessage: Message;
  /** The message that was sent. */
  sendPhoto: Message;
  /** The message that was sent. */
  sendDocument: Message;
  /** The messages that were sent. */
  sendMediaGroup: Message[];
  /** Always `true`. */
  answerCallbackQuery: true;
  /** The edited message, or `true` if it was sent through inline mode. */
  editMessageText: Message | true;
  /** The edited message, or `true` if it was sent through inline mode. */
  editMessageReplyMarkup: Message | true;
  /** Always `true`. */
  deleteMessage: true;
  /** Always `true`. */
  sendChatAction: true;
  /** Always `true`. */
  answerInlineQuery: true;
}

/** A method whose parameters are typed. */
export type TypedMethod = keyof MethodParams;

/** The parameters of a method: exact if they are typed, else any object. */
export type ParamsOf<Method extends string> = Method extends TypedMethod ? MethodParams[Method] : object;

/** The result of a method: exact if it is typed, else `Result`. */
export type ResultOf<Method extends string, Result> = Method extends TypedMethod ? MethodResults[Method]
  : Result;

/**
 * A webhook reply with typed parameters: a misspelled `chatId` does not compile. Every one of them is a `WebhookReply`.
 *
 * @typeParam Method The method, or all ten if left out.
 *
 * @example
 * ```ts
 * import { type TypedReply, updateHandlers } from "@telehook/telehook";
 *
 * updateHandlers({
 *   message: ({ message }) =>
 *     ({ method: "sendMessage", chat_id: message.chat.id, text: "Hello" }) satisfies TypedReply,
 * });
 * ```
 */
export type TypedReply<Method extends TypedMethod = TypedMethod> = {
  [M in Method]:
    & {
      /** The method. */
      readonly method: M;
    }
    // A mapped type, so that it can stand where a `WebhookReply` with any parameters is wanted.
    & { [Name in keyof MethodParams[M]]: MethodParams[M][Name] };
}[Method];
