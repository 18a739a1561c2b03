import {
  botApi,
  listen as startListening,
  type ListenOptions,
  type OnError,
  type ReceivedUpdate,
  setWebhookAndListen,
  type WebhookServer,
} from "../../mod.ts";
import { ReceiverClosed } from "../receiver/verdicts.ts";
import { closeOnSignals } from "../serve/close_on_signals.ts";
import { errorReason } from "../text/error_reason.ts";
import { plainJson, plainText } from "../text/plain_text.ts";
import { quote } from "../text/quote.ts";
import { type Command, type CommandContext, UsageError } from "./command.ts";
import { describeUpdate } from "../describe/describe_update.ts";
import type { Output } from "./output.ts";
import { servedCertificate } from "./served_certificate.ts";
import {
  allowedUpdatesOf,
  apiRootOf,
  BOT_FLAGS,
  chosenSecret,
  KINDS_FLAG,
  optionalBotToken,
  optionalWebhookUrl,
  SECRET_FLAGS,
  secretOf,
  URL_FLAG,
} from "./settings.ts";

/** `telehook listen` */
export const command: Command = {
  summary: "Serve a webhook and print the updates that arrive",
  usage: "telehook listen [options]",
  about:
    "Serves a webhook and prints the updates that arrive, albums merged. With a bot token and a URL it registers the " +
    'webhook first; otherwise it only listens, for a webhook that is already registered or for "telehook send". On ' +
    "SIGINT or SIGTERM it finishes the updates in progress and exits; a second signal exits immediately. Telegram keeps " +
    "the webhook and the updates.",
  flags: {
    ...URL_FLAG,
    port: {
      value: "<port>",
      env: "PORT",
      about:
        "Port to listen on; 0 picks a free port (default: 8080, or the URL's port if a certificate is given)",
    },
    host: {
      value: "<ip>",
      env: "HOST",
      about: "Address to listen on (default: 0.0.0.0, all IPv4 interfaces)",
    },
    path: { value: "<path>", about: "Path to answer (default: the URL's, or /)" },
    ...SECRET_FLAGS,
    ...KINDS_FLAG,
    "drop-pending": { about: "Discard pending updates" },
    "self-signed": {
      about: "Create a certificate for the URL's host (kept in --cert and --key), upload it and serve HTTPS",
    },
    cert: { value: "<file>", about: "PEM certificate and chain; uploaded if it is self-signed" },
    key: { value: "<file>", about: "PEM key of the certificate" },
    "passphrase-file": {
      value: "<file>",
      env: "TLS_PASSPHRASE_FILE",
      about: "File with the passphrase of the private key (default: TLS_PASSPHRASE)",
    },
    json: { about: "Print each update as one line of JSON, and nothing else on the standard output" },
    once: { about: "Exit after the first update" },
    inspect: {
      about: "Serve a page on this machine that shows and replays what arrives; its address is printed",
    },
    ...BOT_FLAGS,
  },
  examples: [
    "BOT_TOKEN=… telehook listen --url https://bot.example.org/hook --port 8080",
    "BOT_TOKEN=… telehook listen --url https://203.0.113.7:8443/hook --self-signed",
    "telehook listen --no-secret --host 127.0.0.1 --json | jq .message.text",
  ],
  run,
};

async function run(context: CommandContext): Promise<number> {
  const { flags, output } = context;
  const token = optionalBotToken(context);
  const url = optionalWebhookUrl(context);
  const isRegistering = token !== undefined && url !== undefined;
  if (!isRegistering) refuseWhatOnlyRegisters(context);
  const tls = await servedCertificate(context, url);

  const stopped = new AbortController();
  const receiver = updatePrinter(context, () => stopped.abort());
  const port = flags.number("port", { min: 0, max: 65_535 });
  const hostname = flags.text("host");
  const path = flags.text("path");
  const options: Omit<ListenOptions, "secretToken"> = {
    ...port !== undefined && { port },
    ...hostname !== undefined && { hostname },
    ...path !== undefined && { path },
    ...tls !== undefined && { tls: tls.options },
    signal: stopped.signal,
    onError: logFailure(context),
    log: false, // every refusal is printed, and not only the first of each kind
    onEvent(event) {
      if (event.type !== "refused") return;
      const { status, reason, address = "an unknown address", path } = event;
      output.note(
        `Refused with ${status}: ${reason} (from ${plainText(address, 60)}, path ${quote(path ?? "")})`,
      );
    },
  };
  // Also while it registers, since updates of the last registration are received meanwhile.
  const unsubscribe = closeOnSignals((signal) => {
    output.note(`${signal}: finishing the updates in progress. Send it again to exit immediately`);
    stopped.abort();
  });
  try {
    const chosen = isRegistering ? chosenSecret(context) : undefined;
    const server = isRegistering
      ? await setWebhookAndListen(receiver, {
        ...options,
        ...chosen !== undefined && { secretToken: chosen.secret },
        token,
        apiRoot: apiRootOf(context),
        webhook: {
          url: url.href,
          certificate: tls?.upload,
          allowed_updates: allowedUpdatesOf(flags),
          drop_pending_updates: flags.has("drop-pending") || undefined,
        },
      })
      : await startListening(receiver, {
        ...options,
        ...url !== undefined && path === undefined && { path: url.pathname },
        secretToken: (await secretOf(context)).secret,
      });
    output.note(greeting(server, isRegistering ? url : undefined, tls?.upload !== undefined));
    if (tls === undefined && url?.protocol === "https:") {
      output.note(
        `This server uses plain HTTP: a reverse proxy must terminate HTTPS for ${url.host} and forward to port ${server.port}`,
      );
    }
    const inspector = flags.has("inspect")
      ? await (await import("../inspector/inspect.ts")).inspect(server, {
        ...token !== undefined && { api: botApi(token, { apiRoot: apiRootOf(context) }) },
      })
      : undefined;
    if (inspector !== undefined) output.note(`Inspector: ${inspector.url}`);
    if (!isRegistering) {
      output.note("The webhook is not registered with Telegram; that requires BOT_TOKEN and --url");
    }
    await server.finished;
    await inspector?.close();
  } catch (error) {
    if (error !== stopped.signal.reason) throw error; // else it was stopped before it was registered
  } finally {
    unsubscribe();
  }
  return 0;
}

function greeting(
  { url, hostname }: WebhookServer,
  registered: URL | undefined,
  isUploaded: boolean,
): string {
  const where = `Listening on ${url}${hostname === "0.0.0.0" ? " and all other IPv4 interfaces" : ""}`;
  if (registered === undefined) return where;
  const certificate = isUploaded ? ", which has received the certificate" : "";
  return `${where}; Telegram delivers to ${registered.href}${certificate}`;
}

/** What fails here is printing, or the store. */
export function logFailure({ output }: CommandContext): OnError {
  return (error, { update, willRetry }) => {
    const next = willRetry ? "failed and will be tried again" : "failed";
    output.note(`Update ${update.update_id} ${next}: ${errorReason(error)}`);
  };
}

function refuseWhatOnlyRegisters({ flags }: CommandContext): void {
  const needsBot = ["url", "drop-pending", "allowed-updates"].find((name) => flags.has(name));
  if (needsBot === undefined) return;
  throw new UsageError(
    `--${needsBot} registers the webhook, which needs the bot token${
      flags.text("url") === undefined ? " and --url" : ""
    }. Set BOT_TOKEN, or use --token-file`,
  );
}

const KIND_WIDTH = 26;

/**
 * Prints updates, in words with the time or each as one line of JSON: one is handled when it is written. With `--once`, it
 * takes no other one beside or after the first, and `stop` is called.
 */
export function updatePrinter(
  { flags, output }: CommandContext,
  stop: () => void,
): (update: ReceivedUpdate) => Promise<void> {
  let isTaken = false;
  return async (update) => {
    if (isTaken) throw new ReceiverClosed("Only one update is wanted");
    isTaken = flags.has("once");
    try {
      await (flags.has("json") ? output.data(plainJson(update)) : output.lines(...linesOf(update, output)));
    } catch (error) {
      isTaken = false;
      throw error;
    }
    if (isTaken) stop();
  };
}

function linesOf(update: ReceivedUpdate, { paint }: Output): readonly string[] {
  const { kind, summary, parts } = describeUpdate(update);
  const time = new Date().toTimeString().slice(0, 8);
  const indent = " ".repeat(time.length + 2 + KIND_WIDTH);
  return [
    `${paint("dim", time)}  ${paint("cyan", kind.padEnd(KIND_WIDTH))}${summary}`,
    ...parts.map((part) => indent + part),
  ];
}
