import { type Answerer, type BotCall, CallLog } from "./calls.ts";
import { defaultAnswer } from "./default_answers.ts";
import type { LongPolling } from "./get_updates.ts";
import { bodyParameters, methodOf, type Parameters } from "./parameters.ts";
import { BotApiRefusal } from "./refusal.ts";
import { closestWord } from "../../text/closest_word.ts";
import { isMethod, METHOD_NAMES } from "./method_names.ts";
import type { TestUser } from "../script/objects.ts";
import type { World } from "../script/world.ts";
import type { MethodResult, WebhookRegistration } from "./webhook_registration.ts";

/** What Telegram does not execute when it finds it in the answer to an update. */
const NOT_IN_A_REPLY = /^(get.*|setwebhook|deletewebhook|close|logout|)$/i;

/** The bots that a bot manages. */
export interface ManagedBots {
  /** Has the test server know one. */
  add(bot: TestUser): void;
  /** The token of one by its id, if there is one. */
  token(id: number): string | undefined;
  /** Gives one another token. */
  replaceToken(id: number): string | undefined;
}

/** Carries out the methods of the Bot API: those about updates itself, all others as the test or a default answers. */
export class Methods {
  /** Every call, without those about updates and the bot itself. */
  readonly log: CallLog = new CallLog();
  #registration: WebhookRegistration;
  #polling: LongPolling;
  #world: World;
  #now: () => number;
  #answerers = new Map<string, Answerer>();

  /** @param now What time it is, in milliseconds. */
  constructor(
    registration: WebhookRegistration,
    polling: LongPolling,
    world: World,
    now: () => number,
    managed: ManagedBots,
  ) {
    this.#registration = registration;
    this.#polling = polling;
    this.#world = world;
    this.#now = now;
    this.answer("getMe", () => me(world));
    this.answer("getManagedBotToken", ({ user_id }) => known(managed.token(Number(user_id))));
    this.answer("replaceManagedBotToken", ({ user_id }) => known(managed.replaceToken(Number(user_id))));
  }

  /**
   * Checks that there is such a method.
   *
   * @throws {TypeError} if neither the Bot API nor the test has it.
   */
  checkName(method: string): void {
    const name = method.toLowerCase();
    if (this.#answerers.has(name) || isMethod(name)) return;
    const meant = closestWord(method, METHOD_NAMES);
    throw new TypeError(
      `The Bot API has no method "${method}": ${meant ? `did you mean "${meant}"? ` : ""}` +
        "(For one that is newer than this test server, call answer() first.)",
    );
  }

  /** Lets this answer calls of a method from now on. */
  answer(method: string, answerer: Answerer): void {
    this.#answerers.set(method.toLowerCase(), answerer);
  }

  /** Carries out a request of the bot. */
  async request(method: string, params: Parameters): Promise<MethodResult> {
    switch (method.toLowerCase()) {
      case "setwebhook":
        return await this.#registration.set(params);
      case "deletewebhook":
        return this.#registration.delete(params);
      case "getwebhookinfo":
        return this.#registration.info();
      case "getupdates":
        return { result: await this.#polling.poll(params) };
      default:
        return { result: await this.#carryOut(method, params, "request") };
    }
  }

  /** Carries out the method in the answer to an update, if there is one. Nobody learns its result. */
  webhookReply(contentType: string, body: Uint8Array): void {
    this.#runReply(contentType, body).catch(() => {});
  }

  async #runReply(contentType: string, body: Uint8Array): Promise<void> {
    const all = bodyParameters(contentType, body);
    const { method: _, ...params } = all;
    const method = methodOf(all);
    if (NOT_IN_A_REPLY.test(method)) return;
    await this.#carryOut(method, params, "webhook reply");
  }

  async #carryOut(method: string, params: Parameters, via: BotCall["via"]): Promise<unknown> {
    const name = method.toLowerCase();
    const call: BotCall = { method, params, via, at: this.#now() };
    if (name !== "getme") this.log.add(call);
    const answerer = this.#answerers.get(name);
    try {
      call.result = answerer
        ? await this.log.answering(call, () => answerer(params, call))
        : defaultAnswer(method, params, this.#world);
      return call.result;
    } catch (error) {
      call.error = error instanceof Error ? error.message : String(error);
      throw error;
    } finally {
      this.log.settled(call);
    }
  }
}

function known(token: string | undefined): string {
  if (token === undefined) throw new BotApiRefusal(400, "Bad Request: bot not found");
  return token;
}

function me({ bot }: World): object {
  return {
    ...bot,
    can_join_groups: true,
    can_read_all_group_messages: false,
    supports_guest_queries: false,
    supports_inline_queries: true,
    can_connect_to_business: true,
    has_main_web_app: false,
    has_topics_enabled: false,
    allows_users_to_create_topics: false,
    can_manage_bots: false,
  };
}
