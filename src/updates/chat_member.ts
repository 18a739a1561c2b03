import type { Chat } from "./chat.ts";
import type { ChatInviteLink } from "./chat_join.ts";
import type { User } from "./user.ts";

/** What a user is in a chat, and may do there. [Bot API](https://core.telegram.org/bots/api#chatmember) */
export type ChatMember =
  | ChatMemberOwner
  | ChatMemberAdministrator
  | ChatMemberMember
  | ChatMemberRestricted
  | ChatMemberLeft
  | ChatMemberBanned;

/** Owns the chat and may do everything. [Bot API](https://core.telegram.org/bots/api#chatmemberowner) */
export interface ChatMemberOwner {
  /** Tells the members apart. */
  status: "creator";
  /** The member. */
  user: User;
  /** Acts as the chat itself. */
  is_anonymous: boolean;
  /** Title shown next to the name. */
  custom_title?: string;
}

/** Has some administrator rights. [Bot API](https://core.telegram.org/bots/api#chatmemberadministrator) */
export interface ChatMemberAdministrator {
  /** Tells the members apart. */
  status: "administrator";
  /** The member. */
  user: User;
  /** The bot may change these rights. */
  can_be_edited: boolean;
  /** Acts as the chat itself. */
  is_anonymous: boolean;
  /** Event log, boosts, hidden members, slow mode; comes with every other right. */
  can_manage_chat: boolean;
  /** Delete messages of others. */
  can_delete_messages: boolean;
  /** Manage video chats. */
  can_manage_video_chats: boolean;
  /** Restrict and ban members, see supergroup statistics. */
  can_restrict_members: boolean;
  /** Appoint administrators with rights that they have themselves. */
  can_promote_members: boolean;
  /** Change title, photo and other settings. */
  can_change_info: boolean;
  /** Invite users. */
  can_invite_users: boolean;
  /** Post stories to the chat. */
  can_post_stories: boolean;
  /** Edit the stories of others, pin stories, see the archive. */
  can_edit_stories: boolean;
  /** Delete the stories of others. */
  can_delete_stories: boolean;
  /** Post in the channel, approve suggested posts; channels only. */
  can_post_messages?: boolean;
  /** Edit the posts of others, and pin; channels only. */
  can_edit_messages?: boolean;
  /** Pin messages; groups and supergroups only. */
  can_pin_messages?: boolean;
  /** Create, rename, close and reopen topics; supergroups only. */
  can_manage_topics?: boolean;
  /** Manage the channel's direct messages; channels only. */
  can_manage_direct_messages?: boolean;
  /** Edit members' tags; as `can_pin_messages` if absent. */
  can_manage_tags?: boolean;
  /** Manage welcome messages; for a bot, send them. */
  can_send_welcome_messages: boolean;
  /** Title shown next to the name. */
  custom_title?: string;
  /** @deprecated Undocumented; use `can_manage_video_chats`. */
  can_manage_voice_chats?: boolean;
}

/**
 * Is a member without further rights or restrictions.
 * [Bot API](https://core.telegram.org/bots/api#chatmembermember)
 */
export interface ChatMemberMember {
  /** Tells the members apart. */
  status: "member";
  /** Tag shown next to the name. */
  tag?: string;
  /** The member. */
  user: User;
  /** When the paid subscription ends, in Unix seconds. */
  until_date?: number;
}

/** Is restricted in a supergroup. [Bot API](https://core.telegram.org/bots/api#chatmemberrestricted) */
export interface ChatMemberRestricted {
  /** Tells the members apart. */
  status: "restricted";
  /** Tag shown next to the name. */
  tag?: string;
  /** The member. */
  user: User;
  /** Whether the user is in the chat at all. */
  is_member: boolean;
  /** Send text, contacts, invoices, locations and the like. */
  can_send_messages: boolean;
  /** Send music. */
  can_send_audios: boolean;
  /** Send files. */
  can_send_documents: boolean;
  /** Send photos. */
  can_send_photos: boolean;
  /** Send videos. */
  can_send_videos: boolean;
  /** Send round video messages. */
  can_send_video_notes: boolean;
  /** Send voice messages. */
  can_send_voice_notes: boolean;
  /** Send polls and checklists. */
  can_send_polls: boolean;
  /** Send GIFs, games and stickers, use inline bots. */
  can_send_other_messages: boolean;
  /** Add link previews. */
  can_add_web_page_previews: boolean;
  /** React to messages. */
  can_react_to_messages: boolean;
  /** Edit the own tag. */
  can_edit_tag: boolean;
  /** Change title, photo and other settings. */
  can_change_info: boolean;
  /** Invite users. */
  can_invite_users: boolean;
  /** Pin messages. */
  can_pin_messages: boolean;
  /** Create topics. */
  can_manage_topics: boolean;
  /** When the restrictions end, in Unix seconds; 0 for never. */
  until_date: number;
}

/** Is not in the chat, but may join. [Bot API](https://core.telegram.org/bots/api#chatmemberleft) */
export interface ChatMemberLeft {
  /** Tells the members apart. */
  status: "left";
  /** The former member. */
  user: User;
}

/**
 * Is banned: cannot return nor read the chat.
 * [Bot API](https://core.telegram.org/bots/api#chatmemberbanned)
 */
export interface ChatMemberBanned {
  /** Tells the members apart. */
  status: "kicked";
  /** Who is banned. */
  user: User;
  /** When the ban ends, in Unix seconds; 0 for never. */
  until_date: number;
}

/**
 * What a user is in a chat, or may do there, changed.
 * [Bot API](https://core.telegram.org/bots/api#chatmemberupdated)
 */
export interface ChatMemberUpdated {
  /** The chat. */
  chat: Chat;
  /** Who made the change. */
  from: User;
  /** When, in Unix seconds. */
  date: number;
  /** What the user was. */
  old_chat_member: ChatMember;
  /** What the user is now. */
  new_chat_member: ChatMember;
  /** The link through which the user joined. */
  invite_link?: ChatInviteLink;
  /** Joined without a link, let in by an administrator. */
  via_join_request?: boolean;
  /** Joined through the link of a chat folder. */
  via_chat_folder_invite_link?: boolean;
}
