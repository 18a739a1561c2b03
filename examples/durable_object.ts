// A Durable Object of Cloudflare Workers: one instance gets all updates of the bot, so that albums are whole. Bind it as BOT, and
// set the variables with `wrangler secret put BOT_TOKEN` and `SECRET_TOKEN`.
import { DurableObject } from "cloudflare:workers";
import { botApi, updateHandlers, type Webhook, webhook } from "telehook";

interface Env {
  readonly BOT: { getByName(name: string): { fetch(request: Request): Promise<Response> } };
  readonly BOT_TOKEN: string;
  readonly SECRET_TOKEN: string;
  readonly API_ROOT: string;
}

const bot = updateHandlers({
  "message:text"({ message }, { attempt }) {
    if (message.text === "/fail" && attempt === 1) throw new Error("The first attempt fails");
    return { method: "sendMessage", chat_id: message.chat.id, text: `You said: ${message.text}` };
  },
  message_media_group: ({ message_media_group: { chat, messages } }) => ({
    method: "sendMessage",
    chat_id: chat.id,
    text: `An album of ${messages.length}`,
  }),
});

export class Bot extends DurableObject<Env> {
  readonly #hook: Webhook;

  constructor(context: object, env: Env) {
    super(context, env);
    this.#hook = webhook(bot, {
      secretToken: env.SECRET_TOKEN,
      replies: botApi(env.BOT_TOKEN, { apiRoot: env.API_ROOT }),
    });
  }

  override fetch(request: Request): Promise<Response> {
    return this.#hook(request, this.ctx);
  }
}

export default {
  fetch: (request: Request, { BOT }: Env): Promise<Response> => BOT.getByName("bot").fetch(request),
};
