import { deriveSecretToken } from "../../mod.ts";
import { isUpdate } from "../parse/parse_update.ts";
import type { HttpAnswer as Answer } from "../testing/http_answer.ts";
import type { TestUpdate as Update } from "../testing/update_kinds.ts";
import { plainText } from "../text/plain_text.ts";
import { quote } from "../text/quote.ts";
import { explainError } from "../webhook_check/explain_error.ts";
import { type Command, type CommandContext, UsageError } from "./command.ts";
import { describeUpdate } from "../describe/describe_update.ts";
import type { Output } from "./output.ts";
import { type PostResult, preparePost } from "./post_update.ts";
import { chosenSecret, optionalBotToken, SECRET_FLAGS, TOKEN_FLAG } from "./settings.ts";
import { readTextFile } from "./text_file.ts";

/** `telehook send` */
export const command: Command = {
  summary: "Post one update to a webhook as Telegram would, and explain the answer",
  usage: "telehook send <url> [options]",
  about:
    "Posts one update to a webhook, byte for byte as Telegram would send it, and explains the answer. Use it to test " +
    "your server, locally or at its public address. By default it is a text message from a user who does not exist, so " +
    "replies go nowhere.",
  operands: ["<url>"],
  flags: {
    text: { value: "<text>", about: "Text of the message" },
    file: { value: "<file>", about: "Update to send instead, as JSON; - is the standard input" },
    ...SECRET_FLAGS,
    certificate: {
      value: "<file>",
      about: "PEM certificate to verify the server with, as if it had been uploaded",
    },
    connect: {
      value: "<ip:port>",
      about:
        "Connect to this address, and verify the server as the URL's host: for a URL whose DNS is not set up yet",
    },
    ...TOKEN_FLAG,
  },
  examples: [
    "telehook send http://127.0.0.1:8080/ --no-secret --text /start",
    "BOT_TOKEN=… telehook send https://bot.example.org/hook",
    "telehook send https://203.0.113.7:8443/hook --certificate telehook-cert.pem",
  ],
  run,
};

async function run(context: CommandContext): Promise<number> {
  const { flags, output } = context;
  const [url = ""] = flags.operands;
  const file = flags.text("file");
  if (file !== undefined && flags.has("text")) {
    throw new UsageError("--text and --file cannot be combined");
  }
  const certificate = flags.text("certificate");
  const update = file === undefined
    ? textMessage(flags.text("text") ?? "Hello from telehook")
    : readUpdate(file);
  const secretToken = await secretToSend(context);
  const options = {
    url,
    secretToken,
    certificate: certificate === undefined ? undefined : readTextFile(certificate),
    connect: flags.text("connect"),
  };
  const post = preparePost(options);
  const { kind, summary } = describeUpdate(update);
  output.text(`Sending update ${update.update_id} to ${url}: ${kind}, ${summary}`, 2);
  const result = await post(update);
  printResult(result, secretToken !== null, output);
  return isAcknowledged(result) ? 0 : 1;
}

/** Without a token to derive one from, the delivery has no secret, which shows what the server does then. */
async function secretToSend(context: CommandContext): Promise<string | null> {
  const chosen = chosenSecret(context);
  if (chosen !== undefined) return chosen.secret;
  const token = optionalBotToken(context);
  return token === undefined ? null : await deriveSecretToken(token);
}

function printResult(result: PostResult, hasSecret: boolean, output: Output): void {
  const mark = isAcknowledged(result) ? output.paint("green", "✓") : output.paint("red", "✗");
  const [first = "", ...rest] = explainResult(result, hasSecret);
  output.text(`${mark} ${first}`, 2);
  for (const line of rest) output.text(`  ${line}`, line.startsWith("→") ? 4 : 2);
}

function explainResult(result: PostResult, hasSecret: boolean): string[] {
  const took = `after ${Math.round(result.tookMs)} ms`;
  if ("error" in result) {
    return [`No answer ${took}: ${plainText(result.error)}`, ...advice(result.error), ...consequence()];
  }
  const { answer } = result;
  const status = `${answer.status} ${plainText(answer.reason)}`.trim();
  const body = answer.body.trim() === "" ? "" : `: ${plainText(answer.body.trim())}`;
  if (isAcknowledged(result)) {
    return [`Answered ${status} ${took}: acknowledged, Telegram would not send it again`, ...replyIn(answer)];
  }
  const error = `Wrong response from the webhook: ${answer.status}`;
  const isMissing = answer.status === 401 && !hasSecret;
  return [
    `Answered ${status} ${took}${body}`,
    ...isMissing
      ? ["→ This delivery had no secret token: set WEBHOOK_SECRET, or set BOT_TOKEN to derive it"]
      : advice(error),
    ...consequence(),
  ];
}

function advice(error: string): string[] {
  const explained = explainError(error);
  return explained === undefined ? [] : [`${explained.meaning}.`, `→ ${explained.advice}`];
}

function consequence(): string[] {
  return ["Telegram would send it again, for up to 24 hours, and hold back later updates of the same chat."];
}

function replyIn({ headers, body }: Answer): string[] {
  if (!/application\/json/i.test(headers.get("content-type") ?? "")) return [];
  const reply = parseJson(body);
  if (typeof reply !== "object" || reply === null || !("method" in reply)) return [];
  return [`Telegram would call ${plainText(String(reply.method))} for the bot: ${plainText(body)}`];
}

function isAcknowledged(result: PostResult): boolean {
  return "answer" in result && result.answer.status >= 200 && result.answer.status <= 299;
}

/** Its id is higher than that of the last one, as Telegram's are: a known id would count as a duplicate. */
function textMessage(text: string): Update {
  const date = Math.floor(Date.now() / 1000);
  const somebody = { id: 111, first_name: "Somebody" };
  const entities = text.startsWith("/")
    ? { entities: [{ type: "bot_command", offset: 0, length: text.split(/\s/, 1)[0]?.length ?? 0 }] }
    : {};
  return {
    update_id: Math.floor(Date.now() / 10) % 2 ** 31,
    message: {
      message_id: 1,
      from: { ...somebody, is_bot: false },
      chat: { ...somebody, type: "private" },
      date,
      text,
      ...entities,
    },
  };
}

function readUpdate(file: string): Update {
  const text = readTextFile(file);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UsageError(`${quote(file)} does not contain JSON: ${plainText(reason)}`);
  }
  if (isUpdate(value)) return { ...value };
  throw new UsageError(
    `${
      quote(file)
    } does not contain one update. Write JSON such as {"update_id":1,"message":{…}}, not an array or an ` +
      "answer of getUpdates",
  );
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
