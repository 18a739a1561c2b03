// Next.js: app/telegram/route.ts. Next calls the module while it builds, without the environment: so it is made later.
import { after } from "next/server";
import { type Webhook, webhook } from "telehook";

let hook: Webhook | undefined;

export async function POST(request: Request): Promise<Response> {
  if (hook === undefined) {
    const { bot, options } = await import("./bot.ts");
    hook ??= webhook(bot, { ...options, waitUntil: after });
  }
  return await hook(request);
}
