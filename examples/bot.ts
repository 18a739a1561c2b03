// The bot of the examples: it answers texts and albums, and fails once at "/fail", so that Telegram sends that again.
import process from "node:process";
import { botApi, deriveSecretToken, updateHandlers } from "telehook";

export const token = process.env.BOT_TOKEN ?? "";
export const apiRoot = process.env.API_ROOT ?? "https://api.telegram.org";
export const port = Number(process.env.PORT ?? 8080);

export const bot = updateHandlers({
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

/** The secret that `setWebhookAndListen` and `telehook set` register, and what sends the replies to albums. */
export const options = { secretToken: await deriveSecretToken(token), replies: botApi(token, { apiRoot }) };

/** Closes at the signal that systemd, Docker and Kubernetes send. */
export function onStop(close: () => Promise<unknown>): void {
  process.once("SIGTERM", () => void close().then(() => process.exit(0)));
}
