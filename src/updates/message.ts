import type { Chat } from "./chat.ts";
import type { ChatBackground } from "./chat_background.ts";
import type { ChatBoostAdded } from "./chat_boost.ts";
import type {
  ChatOwnerChanged,
  ChatOwnerLeft,
  DirectMessagePriceChanged,
  MessageAutoDeleteTimerChanged,
  PaidMessagePriceChanged,
} from "./chat_settings.ts";
import type { Checklist, ChecklistTasksAdded, ChecklistTasksDone } from "./checklist.ts";
import type { CommunityChatAdded, CommunityChatJoined, CommunityChatRemoved } from "./community.ts";
import type { ChatShared, Contact, UserShared, UsersShared } from "./contact.ts";
import type { ExternalReplyInfo } from "./external_reply.ts";
import type { Dice, Game } from "./game.ts";
import type { GiftInfo } from "./gift.ts";
import type { Giveaway, GiveawayCompleted, GiveawayCreated, GiveawayWinners } from "./giveaway.ts";
import type { MaybeInaccessibleMessage } from "./inaccessible_message.ts";
import type { InlineKeyboardMarkup } from "./inline_keyboard.ts";
import type { Location, ProximityAlertTriggered, Venue } from "./location.ts";
import type { ManagedBotCreated } from "./managed_bot.ts";
import type {
  Animation,
  Audio,
  Document,
  LivePhoto,
  PhotoSize,
  Story,
  Video,
  VideoNote,
  Voice,
} from "./media.ts";
import type { MessageOrigin } from "./message_origin.ts";
import type { LinkPreviewOptions, MessageEntity, TextQuote } from "./message_text.ts";
import type { PaidMediaInfo } from "./paid_media.ts";
import type { PassportData } from "./passport.ts";
import type { Invoice, RefundedPayment, SuccessfulPayment } from "./payment.ts";
import type { Poll, PollOptionAdded, PollOptionDeleted } from "./poll.ts";
import type { RichMessage } from "./rich_message.ts";
import type { Sticker } from "./sticker.ts";
import type {
  SuggestedPostApprovalFailed,
  SuggestedPostApproved,
  SuggestedPostDeclined,
  SuggestedPostInfo,
  SuggestedPostPaid,
  SuggestedPostRefunded,
} from "./suggested_post.ts";
import type {
  DirectMessagesTopic,
  ForumTopicClosed,
  ForumTopicCreated,
  ForumTopicEdited,
  ForumTopicReopened,
  GeneralForumTopicHidden,
  GeneralForumTopicUnhidden,
} from "./topic.ts";
import type { UniqueGiftInfo } from "./unique_gift.ts";
import type { User } from "./user.ts";
import type {
  VideoChatEnded,
  VideoChatParticipantsInvited,
  VideoChatScheduled,
  VideoChatStarted,
} from "./video_chat.ts";
import type { WebAppData, WriteAccessAllowed } from "./web_app.ts";

/**
 * A message, a channel post or a service message: the optional fields that are there say which.
 * [Bot API](https://core.telegram.org/bots/api#message)
 */
export interface Message {
  /** Unique within its chat; 0 for an ephemeral message. */
  message_id: number;
  /** The thread or forum topic that it is in. */
  message_thread_id?: number;
  /** The topic of a channel's direct messages chat. */
  direct_messages_topic?: DirectMessagesTopic;
  /** The sender; a stand-in user when a chat sent it, absent for most channel posts. */
  from?: User;
  /** The chat on whose behalf it was sent: a channel, or the group of an anonymous administrator. */
  sender_chat?: Chat;
  /** How often the sender boosted this chat. */
  sender_boost_count?: number;
  /** The bot that really sent it for the business account. */
  sender_business_bot?: User;
  /** Tag or custom title of the sender; supergroups only. */
  sender_tag?: string;
  /** Who alone can see it, when it is ephemeral. */
  receiver_user?: User;
  /** What identifies an ephemeral message in place of `message_id`. */
  ephemeral_message_id?: number;
  /** When it was sent, in Unix seconds; never 0. */
  date: number;
  /** For `answerGuestQuery`: the bot was called from a chat of which it is not a member. */
  guest_query_id?: string;
  /** The business connection through which it was sent; its chat is then not the bot's own chat with that user. */
  business_connection_id?: string;
  /** The chat that it belongs to. */
  chat: Chat;
  /** Where a forwarded message comes from. */
  forward_origin?: MessageOrigin;
  /** Stands in a topic of a forum or of a private chat with the bot. */
  is_topic_message?: true;
  /** A channel post, forwarded to the discussion group by Telegram. */
  is_automatic_forward?: true;
  /** What it replies to in this chat and thread; holds no further `reply_to_message`. */
  reply_to_message?: Message;
  /** What it replies to when that is in another chat or topic. */
  external_reply?: ExternalReplyInfo;
  /** The part of the original that the reply quotes. */
  quote?: TextQuote;
  /** The story that it replies to. */
  reply_to_story?: Story;
  /** The checklist task that it replies to. */
  reply_to_checklist_task_id?: number;
  /** The `persistent_id` of the poll option that it replies to. */
  reply_to_poll_option_id?: string;
  /** The inline bot through which it was sent. */
  via_bot?: User;
  /** The user who called the guest bot that sent this. */
  guest_bot_caller_user?: User;
  /** The chat that called the guest bot that sent this. */
  guest_bot_caller_chat?: Chat;
  /** When it was last edited, in Unix seconds. */
  edit_date?: number;
  /** Cannot be forwarded or saved. */
  has_protected_content?: true;
  /** Sent by Telegram itself: an away or greeting message, or a scheduled one. */
  is_from_offline?: true;
  /** A paid post: it earns only if it stays for 24 hours, and cannot be edited. */
  is_paid_post?: true;
  /** The album it is part of: a decimal string beyond 2^53, unique only within its chat. */
  media_group_id?: string;
  /** Who signed the channel post, or the title of an anonymous administrator. */
  author_signature?: string;
  /** Telegram Stars that the sender paid to send it. */
  paid_star_count?: number;
  /** The text of a text message. */
  text?: string;
  /** Links, commands, bold and so on in `text`. */
  entities?: MessageEntity[];
  /** How the link preview is shown, when the sender changed that. */
  link_preview_options?: LinkPreviewOptions;
  /** State and price of a post suggested to a channel. */
  suggested_post_info?: SuggestedPostInfo;
  /** The animated effect added to the message. */
  effect_id?: string;
  /** A message made of blocks: headings, lists, tables, media. */
  rich_message?: RichMessage;
  /** A GIF; `document` is then there too. */
  animation?: Animation;
  /** A piece of music. */
  audio?: Audio;
  /** A file of any kind. */
  document?: Document;
  /** A photo that moves; `photo` is then there too. */
  live_photo?: LivePhoto;
  /** Media that cost Telegram Stars. */
  paid_media?: PaidMediaInfo;
  /** The photo in several sizes, smallest first. */
  photo?: PhotoSize[];
  /** A sticker. */
  sticker?: Sticker;
  /** A forwarded story. */
  story?: Story;
  /** A video. */
  video?: Video;
  /** A round video message. */
  video_note?: VideoNote;
  /** A voice message. */
  voice?: Voice;
  /** The text that goes with the media. */
  caption?: string;
  /** Links, commands, bold and so on in `caption`. */
  caption_entities?: MessageEntity[];
  /** The caption is shown above the media. */
  show_caption_above_media?: true;
  /** The media is hidden until tapped. */
  has_media_spoiler?: true;
  /** A checklist. */
  checklist?: Checklist;
  /** A phone contact. */
  contact?: Contact;
  /** A dice, or another emoji, with a random value. */
  dice?: Dice;
  /** A game. */
  game?: Game;
  /** A poll. */
  poll?: Poll;
  /** A place with a name; `location` is then there too. */
  venue?: Venue;
  /** A point on the map, perhaps live. */
  location?: Location;
  /** Who was added to the group; the bot itself may be among them. */
  new_chat_members?: User[];
  /** Who left or was removed; may be the bot itself. */
  left_chat_member?: User;
  /** The owner of the chat left. */
  chat_owner_left?: ChatOwnerLeft;
  /** The chat has a new owner. */
  chat_owner_changed?: ChatOwnerChanged;
  /** The chat was renamed to this. */
  new_chat_title?: string;
  /** The chat has this new photo. */
  new_chat_photo?: PhotoSize[];
  /** The photo of the chat was deleted. */
  delete_chat_photo?: true;
  /** The group was created. */
  group_chat_created?: true;
  /** The supergroup was created; only ever seen in `reply_to_message`. */
  supergroup_chat_created?: true;
  /** The channel was created; only ever seen in `reply_to_message`. */
  channel_chat_created?: true;
  /** The auto-delete timer was set. */
  message_auto_delete_timer_changed?: MessageAutoDeleteTimerChanged;
  /** This group became the supergroup with this id. */
  migrate_to_chat_id?: number;
  /** This supergroup was the group with this id. */
  migrate_from_chat_id?: number;
  /** This message was pinned; holds no further `reply_to_message`. */
  pinned_message?: MaybeInaccessibleMessage;
  /** An invoice. */
  invoice?: Invoice;
  /** A payment went through. */
  successful_payment?: SuccessfulPayment;
  /** A payment was refunded. */
  refunded_payment?: RefundedPayment;
  /** The user shared users through a keyboard button. */
  users_shared?: UsersShared;
  /** The user shared a chat through a keyboard button. */
  chat_shared?: ChatShared;
  /** A regular gift was sent or received. */
  gift?: GiftInfo;
  /** A unique gift was sent or received. */
  unique_gift?: UniqueGiftInfo;
  /** Someone paid for upgrading a gift that was already sent. */
  gift_upgrade_sent?: GiftInfo;
  /** The domain on which the user logged in. */
  connected_website?: string;
  /** The user allowed the bot to write to them. */
  write_access_allowed?: WriteAccessAllowed;
  /** Telegram Passport data. */
  passport_data?: PassportData;
  /** Someone came near another who shares a live location. */
  proximity_alert_triggered?: ProximityAlertTriggered;
  /** A user boosted the chat. */
  boost_added?: ChatBoostAdded;
  /** The chat background was set. */
  chat_background_set?: ChatBackground;
  /** Checklist tasks were ticked or unticked. */
  checklist_tasks_done?: ChecklistTasksDone;
  /** Tasks were added to a checklist. */
  checklist_tasks_added?: ChecklistTasksAdded;
  /** The chat was added to a community. */
  community_chat_added?: CommunityChatAdded;
  /** A user joined the chat from a community. */
  community_chat_joined?: CommunityChatJoined;
  /** The chat was taken out of a community. */
  community_chat_removed?: CommunityChatRemoved;
  /** The price of writing to the channel changed. */
  direct_message_price_changed?: DirectMessagePriceChanged;
  /** A forum topic was created. */
  forum_topic_created?: ForumTopicCreated;
  /** A forum topic was edited. */
  forum_topic_edited?: ForumTopicEdited;
  /** A forum topic was closed. */
  forum_topic_closed?: ForumTopicClosed;
  /** A forum topic was reopened. */
  forum_topic_reopened?: ForumTopicReopened;
  /** The General topic was hidden. */
  general_forum_topic_hidden?: GeneralForumTopicHidden;
  /** The General topic was shown again. */
  general_forum_topic_unhidden?: GeneralForumTopicUnhidden;
  /** A giveaway was scheduled. */
  giveaway_created?: GiveawayCreated;
  /** A giveaway to take part in. */
  giveaway?: Giveaway;
  /** A giveaway ended, its winners are public. */
  giveaway_winners?: GiveawayWinners;
  /** A giveaway ended, its winners are not public. */
  giveaway_completed?: GiveawayCompleted;
  /** A user created a bot that this bot manages. */
  managed_bot_created?: ManagedBotCreated;
  /** The price of writing in this chat changed. */
  paid_message_price_changed?: PaidMessagePriceChanged;
  /** An option was added to a poll. */
  poll_option_added?: PollOptionAdded;
  /** An option was deleted from a poll. */
  poll_option_deleted?: PollOptionDeleted;
  /** A suggested post was approved. */
  suggested_post_approved?: SuggestedPostApproved;
  /** A suggested post could not be approved. */
  suggested_post_approval_failed?: SuggestedPostApprovalFailed;
  /** A suggested post was declined. */
  suggested_post_declined?: SuggestedPostDeclined;
  /** A suggested post was paid. */
  suggested_post_paid?: SuggestedPostPaid;
  /** A suggested post was refunded. */
  suggested_post_refunded?: SuggestedPostRefunded;
  /** A video chat was scheduled. */
  video_chat_scheduled?: VideoChatScheduled;
  /** A video chat started. */
  video_chat_started?: VideoChatStarted;
  /** A video chat ended. */
  video_chat_ended?: VideoChatEnded;
  /** Members were invited to a video chat. */
  video_chat_participants_invited?: VideoChatParticipantsInvited;
  /** A Web App sent data. */
  web_app_data?: WebAppData;
  /** The inline keyboard under the message. */
  reply_markup?: InlineKeyboardMarkup;
  /** @deprecated Undocumented; use `forward_origin`. */
  forward_from?: User;
  /** @deprecated Undocumented; use `forward_origin`. */
  forward_from_chat?: Chat;
  /** @deprecated Undocumented; use `forward_origin`. */
  forward_from_message_id?: number;
  /** @deprecated Undocumented; use `forward_origin`. */
  forward_signature?: string;
  /** @deprecated Undocumented; use `forward_origin`. */
  forward_sender_name?: string;
  /** @deprecated Undocumented; use `forward_origin`. */
  forward_date?: number;
  /** @deprecated Undocumented; use `new_chat_members`. */
  new_chat_participant?: User;
  /** @deprecated Undocumented; use `new_chat_members`. */
  new_chat_member?: User;
  /** @deprecated Undocumented; use `left_chat_member`. */
  left_chat_participant?: User;
  /** @deprecated Undocumented; use `users_shared`. */
  user_shared?: UserShared;
  /** @deprecated Undocumented; use `video_chat_scheduled`. */
  voice_chat_scheduled?: VideoChatScheduled;
  /** @deprecated Undocumented; use `video_chat_started`. */
  voice_chat_started?: VideoChatStarted;
  /** @deprecated Undocumented; use `video_chat_ended`. */
  voice_chat_ended?: VideoChatEnded;
  /** @deprecated Undocumented; use `video_chat_participants_invited`. */
  voice_chat_participants_invited?: VideoChatParticipantsInvited;
}
