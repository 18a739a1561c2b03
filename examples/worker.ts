// Cloudflare Workers. Set the variables with `wrangler secret put BOT_TOKEN` and `SECRET_TOKEN`.
import { env } from "cloudflare:workers";
import { botApi, updateHandlers, webhook } from "telehook";

const bot = updateHandlers({
  async "message:text"({ message }, { attempt }) {
    if (message.text === "/fail" && attempt === 1) throw new Error("The first attempt fails");
    if (message.text === "/slow") await new Promise((resolve) => setTimeout(resolve, 2_500));
    return { method: "sendMessage", chat_id: message.chat.id, text: `You said: ${message.text}` };
  },
  // Parts of an album can reach different instances, which share nothing: see docs/serverless.md.
  message_media_group({ message_media_group: { chat, messages } }) {
    if (chat.type !== "private") return; // groups get no answer
    return { method: "sendMessage", chat_id: chat.id, text: `An album of ${messages.length}` };
  },
});
const hook = webhook(bot, {
  secretToken: env.SECRET_TOKEN,
  replies: botApi(env.BOT_TOKEN, { apiRoot: env.API_ROOT }),
  acknowledgeWithinMs: 700,
  mediaGroups: { quietMs: 400 },
});

export default {
  fetch(request: Request, env: unknown, context: unknown): Promise<Response> {
    // "/bare" is what to avoid: without the context, what is pending is continued by the next request.
    return new URL(request.url).pathname === "/bare" ? hook(request) : hook(request, env, context);
  },
};
