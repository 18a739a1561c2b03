import type { HttpAnswer as Answer } from "../testing/http_answer.ts";
import type { TestUpdate as Update } from "../testing/update_kinds.ts";
import { isUpdate } from "../parse/parse_update.ts";
import type { Command, CommandContext } from "./command.ts";
import { describeUpdate } from "./describe_update.ts";
import { explainError } from "./explain_error.ts";
import { plainText } from "../text/plain_text.ts";
import { type PostResult, postUpdate } from "./post_update.ts";
import { quote } from "../text/quote.ts";
import { BOT_FLAGS, chosenSecret, optionalBotToken, SECRET_FLAGS } from "./settings.ts";
import { deriveSecretToken } from "../../mod.ts";
import { readTextFile } from "./text_file.ts";
import { UsageError } from "./usage_error.ts";

/** `telehook send` */
export const send: Command = {
  usage: "telehook send <url> [options]",
  about: [
    "Posts one update to a webhook with the very bytes that Telegram would send, and explains the answer. Use it to",
    "try your own server, on this machine or where Telegram is to find it. By default it is a text message of somebody",
    "who does not exist, so what the bot does about it goes nowhere.",
  ].join("\n"),
  operands: ["<url>"],
  flags: {
    text: { value: "<text>", about: "What the message says" },
    file: { value: "<file>", about: "An update to send instead, as JSON; - is the standard input" },
    ...SECRET_FLAGS,
    certificate: {
      value: "<file>",
      about: "PEM certificate to verify the server by, as if it had been uploaded",
    },
    ...{ "token-file": BOT_FLAGS["token-file"] ?? { about: "" } },
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
    throw new UsageError("--text and --file say different things, write one of them");
  }
  const certificate = flags.text("certificate");
  const update = file === undefined
    ? textMessage(flags.text("text") ?? "Hello from telehook")
    : readUpdate(file);
  const secretToken = await secretToSend(context);
  const result = await postUpdate(update, {
    url,
    secretToken,
    certificate: certificate === undefined ? undefined : readTextFile(certificate),
  });
  const { kind, summary } = describeUpdate(update);
  output.print(`Sent update ${update.update_id} to ${url}: ${kind}, ${summary}`);
  for (const line of explainResult(result, secretToken !== null)) output.print(line);
  return isAcknowledged(result) ? 0 : 1;
}

/** Without a token to derive one from, a delivery goes out without a secret, to see what happens. */
async function secretToSend(context: CommandContext): Promise<string | null> {
  const chosen = chosenSecret(context);
  if (chosen !== undefined) return chosen;
  const token = optionalBotToken(context);
  return token === undefined ? null : await deriveSecretToken(token);
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
      ? ["  → This went out without a secret: set WEBHOOK_SECRET, or BOT_TOKEN to derive it from"]
      : advice(error),
    ...consequence(),
  ];
}

function advice(error: string): string[] {
  const explained = explainError(error);
  return explained === undefined ? [] : [`${explained.meaning}.`, `  → ${explained.advice}`];
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

/** Its id is higher than that of the last one, as Telegram's are: one that came already would count as a repetition. */
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
  const value = parseJson(readTextFile(file));
  if (isUpdate(value)) return { ...value };
  throw new UsageError(
    `${
      quote(file)
    } does not hold one update: write JSON such as {"update_id":1,"message":{…}}, not a list or an ` +
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
