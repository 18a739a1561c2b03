import type { Delivery } from "../delivery.ts";
import { findButton } from "./buttons.ts";
import { memberUpdate, type Status } from "./membership.ts";
import { privateChat, type TestChat, type TestMessage, type TestUser } from "./objects.ts";
import { type Place, placeOf, type TestVenue } from "./place.ts";
import { pollAnswer, Polls } from "./polls.ts";
import { Reactions } from "./reactions.ts";
import type { Sent } from "./sent.ts";
import { messageOf, Speaker, type TestScene } from "./speaker.ts";

/** What is bought with an invoice. */
export interface Purchase {
  /** The payload of the invoice. */
  invoice_payload: string;
  /** Default: `"XTR"`, Telegram Stars. */
  currency?: string;
  /** In the smallest unit of the currency. Default: 1. */
  total_amount?: number;
}

/** A user of Telegram. Everything that one does here reaches the bot as the updates that it would cause. */
export class Person extends Speaker {
  /** The user, as the Bot API shows one. */
  readonly user: TestUser;

  /** Made by `telegram.user()`. */
  constructor(scene: TestScene, user: TestUser, place: Place = placeOf(privateChat(user))) {
    super(scene, place, { from: user });
    this.user = user;
  }

  /** The same person in a group, channel or business chat; on its own, a person talks to the bot in private. */
  in(venue: TestVenue): Person {
    return new Person(this.scene, this.user, venue.placeFor(this.user));
  }

  /**
   * Presses a button under a message of this chat: by default the latest that has one with this text or data.
   *
   * @throws {Error} if there is no such button.
   */
  presses(button: string, on?: TestMessage | Sent): Delivery {
    const messages = on ? [messageOf(on)] : this.scene.world.messagesOf(this.place.chat);
    const found = findButton(messages, button);
    if (!found) throw new Error(`There is no button "${button}" to press in this chat`);
    const { message, button: { callback_data, text } } = found;
    if (callback_data === undefined) {
      throw new Error(`The button "${text}" tells the bot nothing when it is pressed`);
    }
    return this.#does("callback_query", {
      id: this.scene.world.newToken(),
      from: this.user,
      message,
      chat_instance: String(-7_000_000_000 - this.place.chat.id),
      data: callback_data,
    });
  }

  /** Puts these emoji under a message, in place of the earlier ones; none takes them away. */
  reacts(to: TestMessage | Sent, ...emoji: string[]): Delivery {
    return this.scene.deliver(Reactions.of(this.scene.world).change(this.user, messageOf(to), emoji));
  }

  /**
   * Votes in a poll, by the numbers of the options from 0; a second vote replaces the first, and none takes it back. The
   * bot is told who, unless the poll is anonymous.
   */
  votes(message: TestMessage | Sent, ...options: number[]): Delivery {
    const poll = Polls.of(this.scene.world).vote(messageOf(message), this.user, options);
    const result = this.#does("poll", poll);
    return poll.is_anonymous ? result : this.#does("poll_answer", pollAnswer(poll, this.user, options));
  }

  /** Types `@bot text` somewhere. */
  queries(query: string, chatType = "sender"): Delivery {
    const id = this.scene.world.newToken();
    return this.#does("inline_query", { id, from: this.user, chat_type: chatType, query, offset: "" });
  }

  /** Sends one of the results that the bot offered. */
  chooses(resultId: string, query: string): Delivery {
    return this.#does("chosen_inline_result", { from: this.user, query, result_id: resultId });
  }

  /** Comes into a group: the bot sees a message that says so, and a change of membership if it asked for those. */
  joins(group: TestVenue): Sent {
    this.#membership(this.#chat(group), this.user, "left", "member");
    return this.in(group).sends({ new_chat_members: [this.user] });
  }

  /** Leaves a group. */
  leaves(group: TestVenue): Sent {
    this.#membership(this.#chat(group), this.user, "member", "left");
    return this.in(group).sends({ left_chat_member: this.user });
  }

  /** Asks to be let into a group or channel. */
  asksToJoin(venue: TestVenue): Delivery {
    const { user } = this;
    const chat = this.#chat(venue);
    return this.#does("chat_join_request", {
      chat,
      from: user,
      user_chat_id: user.id,
      date: this.scene.world.date,
    });
  }

  /** Adds the bot to a group or channel, as a member or administrator. */
  addsBot(venue: TestVenue, status: Status = "member"): Delivery {
    return this.#membership(this.#chat(venue), this.scene.world.bot, "left", status);
  }

  /** Removes the bot from a group or channel. */
  removesBot(venue: TestVenue): Delivery {
    return this.#membership(this.#chat(venue), this.scene.world.bot, "member", "kicked");
  }

  /** Blocks the bot. */
  blocksBot(): Delivery {
    return this.#membership(privateChat(this.user), this.scene.world.bot, "member", "kicked");
  }

  /** Lets the bot write again. */
  unblocksBot(): Delivery {
    return this.#membership(privateChat(this.user), this.scene.world.bot, "kicked", "member");
  }

  /** Boosts a channel or group. */
  boosts(venue: TestVenue): Delivery {
    const { world } = this.scene;
    const source = { source: "premium", user: this.user };
    const boost = {
      boost_id: world.newToken(),
      add_date: world.date,
      expiration_date: world.date + 2_592_000,
      source,
    };
    return this.#does("chat_boost", { chat: this.#chat(venue), boost });
  }

  /** Confirms a purchase: the bot has ten seconds to answer. */
  checksOut({ invoice_payload, currency = "XTR", total_amount = 1 }: Purchase): Delivery {
    const id = this.scene.world.newToken();
    return this.#does("pre_checkout_query", { id, from: this.user, currency, total_amount, invoice_payload });
  }

  /** Has paid. */
  pays({ invoice_payload, currency = "XTR", total_amount = 1 }: Purchase): Sent {
    const charge = this.scene.world.newToken();
    const ids = {
      telegram_payment_charge_id: charge,
      provider_payment_charge_id: `${this.user.id}_${charge}`,
    };
    return this.sends({ successful_payment: { currency, total_amount, invoice_payload, ...ids } });
  }

  /** Buys paid media of the bot. */
  buysPaidMedia(payload: string): Delivery {
    return this.#does("purchased_paid_media", { from: this.user, paid_media_payload: payload });
  }

  /** Starts, stops or fails to renew a subscription to the bot. */
  changesSubscription(state: "active" | "canceled" | "failed", invoicePayload: string): Delivery {
    return this.#does("subscription", { user: this.user, invoice_payload: invoicePayload, state });
  }

  /**
   * Stops a message that the bot is still generating.
   *
   * @param draftId The `draft_id` that the bot sent it with.
   */
  stopsGeneration(draftId: number): Delivery {
    return this.#does("stopped_message_generation", { chat: this.place.chat, draft_id: draftId });
  }

  /** Creates a bot that the bot manages. `getManagedBotToken` then gives its token. */
  createsBot(bot: Partial<TestUser> = {}): Delivery {
    const id = bot.id ?? this.scene.world.newUserId();
    const created: TestUser = {
      id,
      is_bot: true,
      first_name: "Managed Bot",
      username: `managed_${id}_bot`,
      ...bot,
    };
    this.scene.manageBot(created);
    return this.#does("managed_bot", { user: this.user, bot: created });
  }

  #chat(venue: TestVenue): TestChat {
    return venue.placeFor(this.user).chat;
  }

  /** @param usual What the member was before, as far as nothing else is known. */
  #membership(chat: TestChat, member: TestUser, usual: Status, to: Status): Delivery {
    const { world } = this.scene;
    const from = world.status(chat, member) ?? usual;
    world.noteStatus(chat, member, to);
    const kind = member.id === world.bot.id ? "my_chat_member" : "chat_member";
    return this.#does(kind, memberUpdate(chat, this.user, world.date, member, from, to));
  }

  #does(kind: string, payload: object): Delivery {
    return this.scene.deliver({ [kind]: payload });
  }
}
