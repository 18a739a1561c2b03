import { BotApiRefusal } from "./refusal.ts";
import { jsonOf, type Parameters, textOf } from "./parameters.ts";
import { type Content, contentFields } from "../script/content.ts";
import type { Chat, Message } from "../script/objects.ts";
import { newPoll } from "../script/polls.ts";
import type { World } from "../script/world.ts";

/** Methods that send a message, by what it then holds. */
const SENDING: Readonly<Record<string, string>> = {
  sendmessage: "text",
  sendphoto: "photo",
  sendlivephoto: "live_photo",
  sendvideo: "video",
  senddocument: "document",
  sendaudio: "audio",
  sendvoice: "voice",
  sendvideonote: "video_note",
  sendanimation: "animation",
  sendsticker: "sticker",
  sendlocation: "location",
  sendvenue: "venue",
  sendcontact: "contact",
  senddice: "dice",
  sendpoll: "poll",
  sendinvoice: "invoice",
  sendgame: "game",
  sendpaidmedia: "paid_media",
  forwardmessage: "text",
};

/** A plausible result of a method that the test has no answer for. */
export function defaultAnswer(method: string, params: Parameters, world: World): unknown {
  const name = method.toLowerCase();
  const kind = SENDING[name];
  if (kind) return send(world, params, sentContent(kind, params, world));
  if (name === "sendmediagroup") return sendAlbum(world, params);
  if (name === "copymessage") return { message_id: send(world, params, { text: "Copy" }).message_id };
  if (name.startsWith("editmessage")) return edit(world, params);
  if (name === "getchat") return world.chat(chatId(params));
  if (name === "getchatmember") {
    return { user: { id: Number(params.user_id), is_bot: false, first_name: "Member" }, status: "member" };
  }
  if (name === "getchatmembercount") return 2;
  if (name === "getfile") {
    const file_id = textOf(params.file_id);
    return { file_id, file_unique_id: file_id.slice(-15), file_size: 204_800, file_path: "documents/file_0" };
  }
  if (name === "getuserprofilephotos") return { total_count: 0, photos: [] };
  if (name === "getmyname") return { name: world.bot.first_name };
  if (name === "getmydescription") return { description: "" };
  if (name === "getmyshortdescription") return { short_description: "" };
  if (name === "exportchatinvitelink" || name === "createinvoicelink") {
    return `https://t.me/+${world.newToken()}`;
  }
  if (/^get(mycommands|chatadministrators|forumtopiciconstickers|gamehighscores)$/.test(name)) return [];
  return name.startsWith("get") ? {} : true;
}

function sentContent(kind: string, params: Parameters, world: World): Content {
  const caption = params.caption !== undefined && { caption: textOf(params.caption) };
  switch (kind) {
    case "text":
      return { text: textOf(params.text) };
    case "location":
      return { location: { latitude: Number(params.latitude), longitude: Number(params.longitude) } };
    case "venue": {
      const location = { latitude: Number(params.latitude), longitude: Number(params.longitude) };
      return { venue: { location, title: textOf(params.title), address: textOf(params.address) } };
    }
    case "invoice": {
      const [title, description] = [textOf(params.title), textOf(params.description)];
      const currency = textOf(params.currency);
      return {
        invoice: { title, description, start_parameter: "", currency, total_amount: total(params.prices) },
      };
    }
    case "game":
      return { game: { title: textOf(params.game_short_name), description: "A game", photo: [] } };
    case "paid_media":
      return { paid_media: { star_count: Number(params.star_count), paid_media: [] }, ...caption };
    case "dice":
      return { dice: { emoji: textOf(params.emoji) || "🎲", value: 4 } };
    case "poll": {
      const options = jsonOf(params.options);
      const texts = Array.isArray(options) ? options.map((option) => textOf(option?.text ?? option)) : [];
      const isAnonymous = textOf(params.is_anonymous) !== "false";
      return { poll: newPoll(world.newToken(), textOf(params.question), texts, isAnonymous) };
    }
    case "contact":
      return {
        contact: { phone_number: textOf(params.phone_number), first_name: textOf(params.first_name) },
      };
    default:
      return { [kind]: true, ...caption };
  }
}

function total(prices: unknown): number {
  const list = jsonOf(prices);
  return Array.isArray(list) ? list.reduce((sum, price) => sum + Number(price?.amount), 0) : 0;
}

function send(world: World, params: Parameters, content: Content): Message {
  const chat = world.chat(chatId(params));
  const message: Message = {
    message_id: world.newMessageId(chat),
    ...chat.type === "channel" ? { sender_chat: chat } : { from: world.bot },
    chat,
    date: world.date,
    ...repliedTo(world, chat, params),
    ...contentFields(content, world),
    ...markup(params),
  };
  world.noteMessage(message);
  return message;
}

function sendAlbum(world: World, params: Parameters): Message[] {
  const media = jsonOf(params.media);
  const media_group_id = world.newToken();
  return (Array.isArray(media) ? media : []).map((item) =>
    send(world, params, {
      media_group_id,
      [textOf(item?.type) || "photo"]: true,
      ...item?.caption !== undefined && { caption: textOf(item.caption) },
    })
  );
}

function edit(world: World, params: Parameters): Message | true {
  if (params.inline_message_id !== undefined) return true;
  const chat = world.chat(chatId(params));
  const old = world.message(chat, Number(params.message_id));
  if (!old) throw new BotApiRefusal(400, "Bad Request: message to edit not found");
  const { reply_markup: _, ...rest } = old;
  const edited: Message = {
    ...rest,
    edit_date: world.date,
    ...params.text !== undefined && contentFields({ text: textOf(params.text) }, world),
    ...params.caption !== undefined && contentFields({ caption: textOf(params.caption) }, world),
    ...markup(params),
  };
  world.noteMessage(edited);
  return edited;
}

function chatId({ chat_id }: Parameters): string | number {
  if (chat_id === undefined || chat_id === "") throw new BotApiRefusal(400, "Bad Request: chat_id is empty");
  return typeof chat_id === "number" ? chat_id : textOf(chat_id);
}

function markup(params: Parameters): { reply_markup?: unknown } {
  const reply_markup = jsonOf(params.reply_markup);
  const isInline = typeof reply_markup === "object" && reply_markup !== null &&
    "inline_keyboard" in reply_markup;
  return isInline ? { reply_markup } : {};
}

function repliedTo(world: World, chat: Chat, params: Parameters): { reply_to_message?: object } {
  const parameters = jsonOf(params.reply_parameters);
  const id = typeof parameters === "object" && parameters !== null && "message_id" in parameters
    ? parameters.message_id
    : params.reply_to_message_id;
  const message = world.message(chat, Number(id));
  if (!message) return {};
  const { reply_to_message: _, ...rest } = message;
  return { reply_to_message: rest };
}
