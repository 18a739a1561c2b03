import { BotApiRefusal } from "./refusal.ts";
import { listOf, objectOf, type Parameters, textOf } from "./parameters.ts";
import { type Content, contentFields } from "../script/content.ts";
import type { TestChat, TestMessage } from "../script/objects.ts";
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
  sendchecklist: "checklist",
  sendrichmessage: "rich_message",
  forwardmessage: "text",
};

/** Carries out a method that sends a single message; undefined for any other. */
export function sendByMethod(method: string, params: Parameters, world: World): TestMessage | undefined {
  const kind = SENDING[method];
  return kind === undefined ? undefined : send(world, params, sentContent(kind, params, world));
}

/** Has the bot say something in the chat of a call. */
export function send(world: World, params: Parameters, content: Content): TestMessage {
  const chat = world.chat(chatId(params));
  const message: TestMessage = {
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

/** Has the bot send an album. */
export function sendAlbum(params: Parameters, world: World): TestMessage[] {
  const media_group_id = world.newToken();
  return listOf(params.media).map(objectOf).map(({ type, caption }) =>
    send(world, params, {
      media_group_id,
      [textOf(type) || "photo"]: true,
      ...caption !== undefined && { caption: textOf(caption) },
    })
  );
}

/** Has the bot change a message; of one that went out inline it learns nothing. */
export function edit(params: Parameters, world: World): TestMessage | true {
  if (params.inline_message_id !== undefined) return true;
  const { reply_markup: _, ...rest } = messageFor(params, world, "message to edit");
  const edited: TestMessage = {
    ...rest,
    edit_date: world.date,
    ...params.text !== undefined && contentFields({ text: textOf(params.text) }, world),
    ...params.caption !== undefined && contentFields({ caption: textOf(params.caption) }, world),
    ...params.latitude !== undefined && { location: location(params) },
    ...markup(params),
  };
  world.noteMessage(edited);
  return edited;
}

/**
 * The message that a call is about.
 *
 * @param what What the refusal calls it.
 * @throws {BotApiRefusal} if there is none.
 */
export function messageFor(params: Parameters, world: World, what: string): TestMessage {
  const message = world.message(world.chat(chatId(params)), Number(params.message_id));
  if (!message) throw new BotApiRefusal(400, `Bad Request: ${what} not found`);
  return message;
}

/** Which chat a call is about. */
export function chatId({ chat_id }: Parameters): string | number {
  if (chat_id === undefined || chat_id === "") throw new BotApiRefusal(400, "Bad Request: chat_id is empty");
  return typeof chat_id === "number" ? chat_id : textOf(chat_id);
}

function sentContent(kind: string, params: Parameters, world: World): Content {
  const caption = params.caption !== undefined && { caption: textOf(params.caption) };
  switch (kind) {
    case "text":
      return { text: textOf(params.text) };
    case "location":
      return { location: location(params) };
    case "venue": {
      const [title, address] = [textOf(params.title), textOf(params.address)];
      return { venue: { location: location(params), title, address } };
    }
    case "checklist": {
      const { title, tasks } = objectOf(params.checklist);
      const shown = listOf(tasks).map(objectOf).map(({ id, text }) => ({
        id: Number(id),
        text: textOf(text),
      }));
      return { checklist: { title: textOf(title), tasks: shown } };
    }
    case "rich_message": {
      const { blocks, html, markdown } = objectOf(params.rich_message);
      const paragraph = { type: "paragraph", text: textOf(html ?? markdown) };
      return { rich_message: { blocks: blocks ?? [paragraph] } };
    }
    case "invoice": {
      const [title, description] = [textOf(params.title), textOf(params.description)];
      const currency = textOf(params.currency);
      const amounts = listOf(params.prices).map((price) => Number(objectOf(price).amount));
      const total_amount = amounts.reduce((sum, amount) => sum + amount, 0);
      return { invoice: { title, description, start_parameter: "", currency, total_amount } };
    }
    case "game":
      return { game: { title: textOf(params.game_short_name), description: "A game", photo: [] } };
    case "paid_media":
      return { paid_media: { star_count: Number(params.star_count), paid_media: [] }, ...caption };
    case "dice":
      return { dice: { emoji: textOf(params.emoji) || "🎲", value: 4 } };
    case "poll": {
      const texts = listOf(params.options).map((option) => textOf(objectOf(option).text ?? option));
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

function location({ latitude, longitude }: Parameters): { latitude: number; longitude: number } {
  return { latitude: Number(latitude), longitude: Number(longitude) };
}

function markup(params: Parameters): { reply_markup?: unknown } {
  const reply_markup = objectOf(params.reply_markup);
  return "inline_keyboard" in reply_markup ? { reply_markup } : {};
}

function repliedTo(world: World, chat: TestChat, params: Parameters): { reply_to_message?: object } {
  const { message_id = params.reply_to_message_id } = objectOf(params.reply_parameters);
  const message = world.message(chat, Number(message_id));
  if (!message) return {};
  const { reply_to_message: _, ...rest } = message;
  return { reply_to_message: rest };
}
