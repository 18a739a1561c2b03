// AWS Lambda. An instance stops as soon as it has answered: everything is handled before, and albums come as their parts.
import { webhook } from "telehook";
import { toLambdaHandler } from "telehook/lambda";
import { bot, options } from "./bot.ts";

export const handler = toLambdaHandler(
  webhook(bot, { ...options, acknowledgeWithinMs: 55_000, mediaGroups: false }),
);
