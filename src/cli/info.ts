import type { WebhookInfo } from "../../mod.ts";
import { plainJson } from "../text/plain_text.ts";
import { ago, explainWebhook, type WebhookFinding } from "../webhook_check/explain_webhook.ts";
import { plainWebhookInfo, readWebhookInfo } from "../webhook_check/webhook_info.ts";
import type { Command, CommandContext } from "./command.ts";
import type { Output } from "./output.ts";
import {
  allowedUpdatesOf,
  apiRootOf,
  BOT_FLAGS,
  botApiOf,
  optionalWebhookUrl,
  URL_FLAG,
} from "./settings.ts";
import { readTextFile } from "./text_file.ts";

/** `telehook info` */
export const command: Command = {
  summary: "Show what Telegram says about the webhook, what is wrong with it and what to do",
  usage: "telehook info [options]",
  about:
    "Prints what Telegram says about the webhook (getWebhookInfo), what that means, what is wrong, and what to do. With " +
    "--url, it also checks that the webhook points there.",
  flags: {
    ...URL_FLAG,
    "allowed-updates": {
      value: "<kinds>",
      about: 'Check that these kinds of update are delivered: "message,callback_query", "all" or "default"',
    },
    certificate: {
      value: "<file>",
      about: "Check that this PEM certificate of your server is not near its end",
    },
    "max-pending": { value: "<n>", about: "Report more pending updates than this as a problem" },
    check: { about: "Exit with status 1 if there is a problem" },
    json: { about: "Print only JSON: Telegram's answer, and what was found in it as findings" },
    ...BOT_FLAGS,
  },
  examples: [
    "BOT_TOKEN=… telehook info",
    "BOT_TOKEN=… telehook info --json | jq .pending_update_count",
    "BOT_TOKEN=… telehook info --check --max-pending 50 --url https://bot.example.org/hook",
  ],
  run,
};

const MARKS = { problem: ["red", "✗"], hint: ["yellow", "!"], good: ["green", "✓"] } as const;

async function run(context: CommandContext): Promise<number> {
  const { flags, output } = context;
  const api = botApiOf(context);
  const url = optionalWebhookUrl(context)?.href;
  const allowed_updates = allowedUpdatesOf(flags);
  const maxPending = flags.number("max-pending", { min: 0, max: 100_000 });
  const certificate = flags.text("certificate");
  const expected = {
    url,
    allowed_updates,
    maxPending,
    certificate: certificate === undefined ? undefined : readTextFile(certificate),
  };
  const answer = await readWebhookInfo(api);
  const webhook = plainWebhookInfo(answer);
  const now = Date.now() / 1000;
  const isTelegram = apiRootOf(context) === undefined;
  const findings = explainWebhook(webhook, { now, isTelegram, ...expected });
  if (flags.has("json")) {
    await output.data(plainJson({ ...answer, findings }));
  } else {
    printFacts(webhook, now, output);
    output.print();
    for (const finding of findings) printFinding(finding, output);
  }
  const hasProblem = findings.some(({ severity }) => severity === "problem");
  return flags.has("check") && hasProblem ? 1 : 0;
}

const LABEL_WIDTH = 13;

function printFacts(webhook: WebhookInfo, now: number, output: Output): void {
  const { last_error_date, last_error_message } = webhook;
  const facts: [string, string | number | undefined][] = [
    ["URL", webhook.url || "none"],
    ["IP address", webhook.ip_address],
    ["certificate", certificateOf(webhook)],
    ["connections", webhook.max_connections && `up to ${webhook.max_connections}`],
    ["pending", webhook.pending_update_count],
    ["last error", last_error_message && `${last_error_message} (${ago(now - (last_error_date ?? now))})`],
  ];
  for (const [name, value] of facts) {
    const isOfWebhook = name !== "URL" && name !== "pending";
    if (value === undefined || (isOfWebhook && webhook.url === "")) continue;
    output.text(`${output.paint("dim", name.padEnd(LABEL_WIDTH))}${value}`, LABEL_WIDTH);
  }
}

function certificateOf({ url, has_custom_certificate }: WebhookInfo): string | undefined {
  if (has_custom_certificate) return "uploaded";
  return /^http:/i.test(url) ? undefined : "from a public CA";
}

function printFinding({ severity, code, text, advice }: WebhookFinding, output: Output): void {
  const [style, mark] = MARKS[severity];
  const change = code === "subscribed" ? ". To change this, run telehook set --allowed-updates …" : ".";
  output.text(`${output.paint(style, mark)} ${text}${change}`, 2);
  if (advice !== undefined) output.text(`  → ${advice}`, 4);
}
