import { chatId, edit, messageFor, send, sendAlbum, sendByMethod } from "./bot_messages.ts";
import { isMethod } from "./method_names.ts";
import { flagOf, listOf, type Parameters, textOf } from "./parameters.ts";
import { BotApiRefusal } from "./refusal.ts";
import { contentFields, newFile } from "../script/content.ts";
import { isPoll, Polls, type TestPoll } from "../script/polls.ts";
import type { World } from "../script/world.ts";

type DefaultAnswer = (params: Parameters, world: World) => unknown;

/** What methods give that neither send a single message nor just succeed, by their lower-case names. */
const ANSWERS: Readonly<Record<string, DefaultAnswer>> = {
  sendmediagroup: sendAlbum,
  copymessage: copy,
  copymessages: copyAll,
  forwardmessages: copyAll,
  stopmessagelivelocation: edit,
  setgamescore: (params, world) =>
    params.inline_message_id !== undefined || messageFor(params, world, "message to set game score"),
  stoppoll: stopPoll,
  createforumtopic: createForumTopic,
  createchatinvitelink: inviteLink,
  editchatinvitelink: inviteLink,
  createchatsubscriptioninvitelink: inviteLink,
  editchatsubscriptioninvitelink: inviteLink,
  revokechatinvitelink: (params, world) => ({ ...inviteLink(params, world), is_revoked: true }),
  exportchatinvitelink: newLink,
  createinvoicelink: newLink,
  savepreparedinlinemessage: (_, world) => ({ id: world.newToken(), expiration_date: world.date + 86_400 }),
  uploadstickerfile: (_, world) => newFile(world, 204_800),
  getstickerset: ({ name }, world) => ({
    name: textOf(name),
    title: textOf(name),
    sticker_type: "regular",
    stickers: [contentFields({ sticker: true }, world).sticker],
  }),
  getfile: ({ file_id }) => ({
    file_id: textOf(file_id),
    file_unique_id: textOf(file_id).slice(-15),
    file_size: 204_800,
    file_path: "documents/file_0",
  }),
  getchat: (params, world) => ({
    ...world.chat(chatId(params)),
    accent_color_id: 0,
    max_reaction_count: 11,
    accepted_gift_types: {
      unlimited_gifts: true,
      limited_gifts: true,
      unique_gifts: true,
      premium_subscription: true,
      gifts_from_channels: true,
    },
  }),
  getchatmember: ({ user_id }) => ({
    user: { id: Number(user_id), is_bot: false, first_name: "Member" },
    status: "member",
  }),
  getbusinessconnection: ({ business_connection_id }, world) => ({
    id: textOf(business_connection_id),
    user: { id: 111, is_bot: false, first_name: "Owner" },
    user_chat_id: 111,
    date: world.date,
    is_enabled: true,
  }),
  getchatmenubutton: () => ({ type: "default" }),
  getmydefaultadministratorrights: () => ({
    is_anonymous: false,
    can_manage_chat: false,
    can_delete_messages: false,
    can_manage_video_chats: false,
    can_restrict_members: false,
    can_promote_members: false,
    can_change_info: false,
    can_invite_users: false,
    can_post_stories: false,
    can_edit_stories: false,
    can_delete_stories: false,
  }),
  getmanagedbotaccesssettings: () => ({ is_access_restricted: false }),
  getmystarbalance: () => ({ amount: 0 }),
  getbusinessaccountstarbalance: () => ({ amount: 0 }),
  getstartransactions: () => ({ transactions: [] }),
  getavailablegifts: () => ({ gifts: [] }),
  getbusinessaccountgifts: noGifts,
  getusergifts: noGifts,
  getchatgifts: noGifts,
  getuserchatboosts: () => ({ boosts: [] }),
  getuserprofileaudios: () => ({ total_count: 0, audios: [] }),
  getuserpersonalchatmessages: () => [],
  getcustomemojistickers: ({ custom_emoji_ids }, world) =>
    listOf(custom_emoji_ids).map((id) => ({
      ...Object(contentFields({ sticker: true }, world).sticker),
      type: "custom_emoji",
      custom_emoji_id: textOf(id),
    })),
  poststory: story,
  repoststory: story,
  editstory: story,
  answerwebappquery: (_, world) => ({ inline_message_id: world.newToken() }),
  answerguestquery: (_, world) => ({ inline_message_id: world.newToken() }),
  savepreparedkeyboardbutton: (_, world) => ({ id: world.newToken() }),
  getchatmembercount: () => 2,
  getuserprofilephotos: () => ({ total_count: 0, photos: [] }),
  getmyname: (_, world) => ({ name: world.bot.first_name }),
  getmydescription: () => ({ description: "" }),
  getmyshortdescription: () => ({ short_description: "" }),
  getmycommands: () => [],
  getchatadministrators: () => [],
  getforumtopiciconstickers: () => [],
  getgamehighscores: () => [],
};

/**
 * A plausible result of a method that the test has no answer for.
 *
 * @throws {BotApiRefusal} 404 if the Bot API has no such method.
 */
export function defaultAnswer(method: string, params: Parameters, world: World): unknown {
  const name = method.toLowerCase();
  const sent = sendByMethod(name, params, world);
  if (sent) return sent;
  const answer = ANSWERS[name] ?? (name.startsWith("editmessage") ? edit : undefined);
  if (answer) return answer(params, world);
  if (!isMethod(name)) throw new BotApiRefusal(404, "Not Found: method not found");
  return true;
}

function noGifts(): object {
  return { total_count: 0, gifts: [] };
}

function story({ story_id }: Parameters, world: World): object {
  const chat = { id: 111, first_name: "Owner", type: "private" };
  return { chat, id: story_id === undefined ? Number(world.newToken().slice(-6)) : Number(story_id) };
}

function copy(params: Parameters, world: World): { message_id: number } {
  return { message_id: send(world, params, { text: "Copy" }).message_id };
}

function copyAll(params: Parameters, world: World): object[] {
  return listOf(params.message_ids).map(() => copy(params, world));
}

function stopPoll(params: Parameters, world: World): TestPoll {
  const message = messageFor(params, world, "message with poll to stop");
  if (!isPoll(message.poll)) throw new BotApiRefusal(400, "Bad Request: message is not a poll");
  const poll = Polls.of(world).close(message.poll);
  world.noteMessage({ ...message, poll });
  return poll;
}

function createForumTopic(params: Parameters, world: World): object {
  const { icon_color = 0x6fb9f0, icon_custom_emoji_id: icon } = params;
  const topic = {
    name: textOf(params.name),
    icon_color: Number(icon_color),
    ...icon !== undefined && { icon_custom_emoji_id: textOf(icon) },
  };
  return { message_thread_id: send(world, params, { forum_topic_created: topic }).message_id, ...topic };
}

function inviteLink(params: Parameters, world: World): object {
  const { name, invite_link = newLink(params, world) } = params;
  const numbers = ["expire_date", "member_limit", "subscription_period", "subscription_price"]
    .filter((key) => params[key] !== undefined).map((key) => [key, Number(params[key])]);
  return {
    invite_link: textOf(invite_link),
    creator: world.bot,
    creates_join_request: flagOf(params.creates_join_request),
    is_primary: false,
    is_revoked: false,
    ...name !== undefined && { name: textOf(name) },
    ...Object.fromEntries(numbers),
  };
}

function newLink(_: Parameters, world: World): string {
  return `https://t.me/+${world.newToken()}`;
}
