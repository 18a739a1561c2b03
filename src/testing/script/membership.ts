import type { TestChat, TestUser } from "./objects.ts";

/** How somebody belongs to a chat: https://core.telegram.org/bots/api#chatmember */
export type Status = "member" | "administrator" | "left" | "kicked";

const ADMINISTRATOR: Readonly<Record<string, boolean>> = {
  can_be_edited: false,
  can_manage_chat: true,
  can_change_info: true,
  can_delete_messages: true,
  can_invite_users: true,
  can_restrict_members: true,
  can_pin_messages: true,
  can_promote_members: false,
  can_manage_video_chats: true,
  can_post_stories: true,
  can_edit_stories: true,
  can_delete_stories: true,
  can_send_welcome_messages: true,
  is_anonymous: false,
};

/** Tells that somebody belongs to a chat in another way than before. */
export function memberUpdate(
  chat: TestChat,
  from: TestUser,
  date: number,
  user: TestUser,
  before: Status,
  after: Status,
): object {
  return { chat, from, date, old_chat_member: member(user, before), new_chat_member: member(user, after) };
}

function member(user: TestUser, status: Status): object {
  if (status === "administrator") return { user, status, ...ADMINISTRATOR };
  return { user, status, ...status === "kicked" && { until_date: 0 } };
}
