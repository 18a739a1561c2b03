import {
  listen as startListening,
  type ListenOptions,
  type OnError,
  type ReceivedUpdate,
  setWebhookAndListen,
  type WebhookServer,
} from "../../mod.ts";
import { closeOnSignals } from "../serve/close_on_signals.ts";
import type { Command, CommandContext } from "./command.ts";
import {
  apiRootOf,
  BOT_FLAGS,
  chosenSecret,
  optionalBotToken,
  optionalWebhookUrl,
  SECRET_FLAGS,
  secretOf,
  URL_FLAG,
} from "./settings.ts";
import { servedCertificate } from "./served_certificate.ts";
import { updatePrinter } from "./update_printer.ts";
import { allowedUpdates, KINDS_FLAG } from "./update_kinds.ts";
import { UsageError } from "./usage_error.ts";

/** `telehook listen` */
export const listen: Command = {
  usage: "telehook listen [options]",
  about: [
    "Serves a webhook and prints the updates that come, albums merged. With a bot token and a URL it registers the",
    "webhook first; else it only listens, for a webhook that is set already or for telehook send. It closes at SIGINT",
    "or SIGTERM once everything is handled, at once at the second; Telegram keeps the webhook and the updates.",
  ].join("\n"),
  flags: {
    ...URL_FLAG,
    port: {
      value: "<port>",
      env: "PORT",
      about: "Port to listen on: with a certificate the URL's, else 8080; 0 is any",
    },
    host: {
      value: "<ip>",
      env: "HOST",
      about: "Address to listen on, 0.0.0.0 by default: every one of the machine",
    },
    path: { value: "<path>", about: "Path that is answered: by default the URL's, else /" },
    ...SECRET_FLAGS,
    ...KINDS_FLAG,
    "drop-pending": { about: "Drop the updates that wait at Telegram" },
    "self-signed": {
      about: "Make a certificate for the URL's host (kept in --cert and --key), upload it and serve HTTPS",
    },
    cert: {
      value: "<file>",
      about: "PEM certificate and chain; uploaded if nobody but itself vouches for it",
    },
    key: { value: "<file>", about: "PEM key of the certificate" },
    passphrase: { value: "<text>", env: "TLS_PASSPHRASE", about: "What the key is encrypted with" },
    json: { about: "Print each update as a line of JSON, and nothing else to the standard output" },
    once: { about: "End after the first update" },
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

  const print = updatePrinter(output, flags.has("json"));
  let stop = () => {};
  const receiver = async (update: ReceivedUpdate): Promise<void> => {
    await print(update);
    if (flags.has("once")) stop();
  };
  const port = flags.number("port", { min: 0, max: 65_535 });
  const hostname = flags.text("host");
  const path = flags.text("path");
  const options: Omit<ListenOptions, "secretToken"> = {
    ...port !== undefined && { port },
    ...hostname !== undefined && { hostname },
    ...path !== undefined && { path },
    ...tls !== undefined && { tls: tls.options },
    onError: logFailure(context),
    onEvent(event) {
      if (event.type === "refused") output.note(`Refused with ${event.status}: ${event.reason}`);
    },
  };
  const server = isRegistering
    ? await setWebhookAndListen(receiver, {
      ...options,
      ...secretChoice(chosenSecret(context)),
      token,
      apiRoot: apiRootOf(context),
      webhook: {
        url: url.href,
        certificate: tls?.upload,
        allowed_updates: allowedUpdates(flags),
        drop_pending_updates: flags.has("drop-pending") || undefined,
      },
    })
    : await startListening(receiver, {
      ...options,
      ...url !== undefined && path === undefined && { path: url.pathname },
      secretToken: await secretOf(context),
    });
  stop = () => void server.close();
  const takeAway = closeOnSignals((signal) => {
    output.note(`${signal}: closing once everything is handled, at once if it comes again`);
    stop();
  });
  output.note(greeting(server, isRegistering ? url : undefined, tls?.upload !== undefined));
  if (tls === undefined && url?.protocol === "https:") {
    output.note(
      `It speaks plain HTTP: a proxy before it must speak HTTPS for ${url.host} and pass on to port ${server.port}`,
    );
  }
  if (!isRegistering) output.note("Telegram is not told of it, which needs BOT_TOKEN and --url");
  await server.finished;
  takeAway();
  return 0;
}

function greeting(
  { url, hostname }: WebhookServer,
  registered: URL | undefined,
  isUploaded: boolean,
): string {
  const where = `Listening on ${url}${
    hostname === "0.0.0.0" ? " and every other address of this machine" : ""
  }`;
  if (registered === undefined) return where;
  const certificate = isUploaded ? ", which has the certificate to verify it by" : "";
  return `${where}; Telegram delivers to ${registered.href}${certificate}`;
}

/** A failure here is one of printing, or of the store: the update comes again. */
function logFailure({ output }: CommandContext): OnError {
  return (error, { update, willRetry }) => {
    const reason = error instanceof Error ? error.message : String(error);
    output.note(`Update ${update.update_id} failed${willRetry ? " and will be tried again" : ""}: ${reason}`);
  };
}

function secretChoice(secret: string | null | undefined): { secretToken?: string | null } {
  return secret === undefined ? {} : { secretToken: secret };
}

function refuseWhatOnlyRegisters({ flags }: CommandContext): void {
  const needsBot = ["url", "drop-pending", "allowed-updates"].find((name) => flags.has(name));
  if (needsBot === undefined) return;
  throw new UsageError(
    `--${needsBot} registers the webhook, which needs the bot token${
      flags.text("url") === undefined ? " and --url" : ""
    }: set BOT_TOKEN, or name a file that holds it with --token-file`,
  );
}
