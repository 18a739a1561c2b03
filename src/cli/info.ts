import type { WebhookInfo } from "../../mod.ts";
import type { Command, CommandContext } from "./command.ts";
import { ago, explainWebhook, type Finding } from "./explain_webhook.ts";
import type { Output } from "./output.ts";
import { apiRootOf, BOT_FLAGS, botApiOf, optionalWebhookUrl, URL_FLAG } from "./settings.ts";
import { plainText } from "../text/plain_text.ts";
import { webhookInfo } from "./webhook_info.ts";

/** `telehook info` */
export const info: Command = {
  usage: "telehook info [options]",
  about: [
    "Prints what Telegram says about the webhook (getWebhookInfo), what that means, what is wrong, and what to do.",
    "With the address that you want it to have, it says whether it has it.",
  ].join("\n"),
  flags: {
    ...URL_FLAG,
    json: { about: "Print what Telegram answered, as JSON, and nothing else" },
    ...BOT_FLAGS,
  },
  examples: ["BOT_TOKEN=… telehook info", "BOT_TOKEN=… telehook info --json | jq .pending_update_count"],
  run,
};

const MARKS = { problem: ["red", "✗"], hint: ["yellow", "!"], good: ["green", "✓"] } as const;

async function run(context: CommandContext): Promise<number> {
  const { flags, output } = context;
  const api = botApiOf(context);
  const wantedUrl = optionalWebhookUrl(context)?.href;
  const webhook = await webhookInfo(api);
  if (flags.has("json")) {
    await output.data(JSON.stringify(webhook));
    return 0;
  }
  const now = Date.now() / 1000;
  const isTelegram = apiRootOf(context) === undefined;
  printFacts(webhook, now, output);
  output.print();
  for (const finding of explainWebhook(webhook, { now, wantedUrl, isTelegram })) print(finding, output);
  return 0;
}

function printFacts(webhook: WebhookInfo, now: number, output: Output): void {
  const { last_error_date, last_error_message } = webhook;
  const facts: [string, string | number | undefined][] = [
    ["URL", webhook.url || "none"],
    ["IP address", webhook.ip_address],
    ["certificate", certificateOf(webhook)],
    ["connections", webhook.max_connections && `up to ${webhook.max_connections}`],
    ["waiting", webhook.pending_update_count],
    [
      "last error",
      last_error_message && `${plainText(last_error_message)} (${ago(now - (last_error_date ?? now))})`,
    ],
  ];
  for (const [name, value] of facts) {
    const isOfWebhook = name !== "URL" && name !== "waiting";
    if (value === undefined || (isOfWebhook && webhook.url === "")) continue;
    output.print(`${output.paint("dim", name.padEnd(13))}${value}`);
  }
}

function certificateOf({ url, has_custom_certificate }: WebhookInfo): string | undefined {
  if (has_custom_certificate) return "uploaded";
  return /^http:/i.test(url) ? undefined : "by a public authority";
}

function print({ weight, text, advice }: Finding, output: Output): void {
  const [style, mark] = MARKS[weight];
  output.print(`${output.paint(style, mark)} ${text}.`);
  if (advice !== undefined) output.print(`  → ${advice}`);
}
