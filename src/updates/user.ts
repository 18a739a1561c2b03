/** A user or a bot. [Bot API](https://core.telegram.org/bots/api#user) */
export interface User {
  /** Needs up to 52 bits, so a number holds it. */
  id: number;
  /** Whether it is a bot. */
  is_bot: boolean;
  /** First name, or the name of the bot. */
  first_name: string;
  /** Last name. */
  last_name?: string;
  /** Without the `@`. */
  username?: string;
  /** IETF language tag of the user's app. */
  language_code?: string;
  /** Has Telegram Premium. */
  is_premium?: true;
  /** Has the bot in the attachment menu. */
  added_to_attachment_menu?: true;
  /** Only in the answer to `getMe`. */
  can_join_groups?: boolean;
  /** Privacy mode is off. Only in the answer to `getMe`. */
  can_read_all_group_messages?: boolean;
  /** Only in the answer to `getMe`. */
  supports_guest_queries?: boolean;
  /** Only in the answer to `getMe`. */
  supports_inline_queries?: boolean;
  /** Only in the answer to `getMe`. */
  can_connect_to_business?: boolean;
  /** Only in the answer to `getMe`. */
  has_main_web_app?: boolean;
  /** Private chats with the bot have topics. Only in the answer to `getMe`. */
  has_topics_enabled?: boolean;
  /** Only in the answer to `getMe`. */
  allows_users_to_create_topics?: boolean;
  /** Only in the answer to `getMe`. */
  can_manage_bots?: boolean;
  /** Only in the answer to `getMe`. */
  supports_join_request_queries?: boolean;
}
