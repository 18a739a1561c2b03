import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { selfSigned, type SignerAlgorithm } from "../tls/mod.ts";
import { type CertificateFiles, certificateFiles, writeKeyPair } from "./certificate_files.ts";
import { type Command, type CommandContext, UsageError } from "./command.ts";
import { quote } from "../text/quote.ts";
import { ownCommandLine } from "./usage_text.ts";

/** `telehook cert` */
export const command: Command = {
  summary: "Create a certificate that Telegram verifies, for an IP address or a host name",
  usage: "telehook cert --host <host> [options]",
  about:
    "Creates a self-signed certificate and its key, in a form that Telegram verifies when the certificate is uploaded " +
    "with setWebhook: HTTPS for an IP address or a host name, without a CA and without openssl.",
  flags: {
    host: { value: "<host>", about: "IPv4 address or host name in the webhook's URL (required)" },
    out: { value: "<path>", about: "Directory or file name prefix (default: telehook)" },
    days: { value: "<n>", about: "Validity in days (default: 3650)" },
    algorithm: { value: "<name>", about: "rsa-2048 or ecdsa-p256 (default: rsa-2048)" },
    force: { about: "Overwrite existing files" },
  },
  examples: ["telehook cert --host 203.0.113.7", "telehook cert --host bot.example.org --out /etc/bot/"],
  run,
};

const ALGORITHMS: readonly SignerAlgorithm[] = ["rsa-2048", "ecdsa-p256"];

async function run({ flags, output }: CommandContext): Promise<number> {
  const host = flags.text("host");
  if (host === undefined) {
    throw new UsageError(
      "--host is missing. Write --host 203.0.113.7, or the host name in the webhook's URL",
    );
  }
  const days = flags.number("days", { min: 1, max: 36_500 });
  const algorithm = flags.text("algorithm") ?? "rsa-2048";
  const known = ALGORITHMS.find((each) => each === algorithm);
  if (known === undefined) {
    throw new UsageError(`--algorithm must be rsa-2048 or ecdsa-p256, not ${quote(algorithm)}`);
  }
  const files = outputFiles(flags.text("out") ?? "telehook");
  const there = Object.values(files).find((path) => existsSync(path));
  if (there !== undefined && !flags.has("force")) {
    throw new UsageError(
      `${quote(there)} already exists. Use --force to overwrite it, or choose another --out`,
    );
  }
  writeKeyPair(files, await selfSigned({ host, algorithm: known, ...days !== undefined && { days } }));
  output.print(`${files.cert}   the certificate: upload it to Telegram, and use it in the server`);
  output.print(`${files.key}    its private key: use it in the server, and keep it secret`);
  output.print();
  output.print("To serve with it and upload it:");
  output.print(
    `  ${ownCommandLine()} listen --url https://${host}:8443/hook --cert ${files.cert} --key ${files.key}`,
  );
  return 0;
}

function outputFiles(out: string): CertificateFiles {
  const isDirectory = /[/\\]$/.test(out) || statSync(out, { throwIfNoEntry: false })?.isDirectory() === true;
  return certificateFiles(isDirectory ? join(out, "telehook") : out);
}
