// SvelteKit: src/routes/telegram/+server.ts
import { webhook } from "telehook";
import { bot, options } from "./bot.ts";

const hook = webhook(bot, options);

/** @param event It tells the client's address. */
export const POST = (event: { request: Request }): Promise<Response> => hook(event.request, event);
