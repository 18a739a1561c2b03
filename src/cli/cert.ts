import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { selfSigned, type SignerAlgorithm } from "../tls/mod.ts";
import { type CertificateFiles, certificateFiles, writeKeyPair } from "./certificate_files.ts";
import type { Command, CommandContext } from "./command.ts";
import { ownCommandLine } from "./own_command_line.ts";
import { quote } from "../text/quote.ts";
import { UsageError } from "./usage_error.ts";

/** `telehook cert` */
export const cert: Command = {
  usage: "telehook cert --host <host> [options]",
  about: [
    "Makes a certificate that vouches for itself, and its key, in a form that Telegram verifies when the certificate is",
    "uploaded with setWebhook: HTTPS for a bare IP address or a name, without an authority and without openssl.",
  ].join("\n"),
  flags: {
    host: { value: "<host>", about: "IPv4 address or host name in the webhook's URL" },
    out: { value: "<path>", about: 'Directory, or start of the file names; "telehook" by default' },
    days: { value: "<n>", about: "For how long it is valid, 3650 by default" },
    algorithm: { value: "<name>", about: "rsa-2048 (default) or ecdsa-p256" },
    force: { about: "Replace files that are there" },
  },
  examples: ["telehook cert --host 203.0.113.7", "telehook cert --host bot.example.org --out /etc/bot/"],
  run,
};

const ALGORITHMS: readonly SignerAlgorithm[] = ["rsa-2048", "ecdsa-p256"];

async function run({ flags, output }: CommandContext): Promise<number> {
  const host = flags.text("host");
  if (host === undefined) {
    throw new UsageError(
      "--host is missing: write --host 203.0.113.7, or the host name in the webhook's URL",
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
      `${quote(there)} is there already: write --force to replace it, or another --out`,
    );
  }
  writeKeyPair(files, await selfSigned({ host, algorithm: known, ...days !== undefined && { days } }));
  output.print(`${files.cert}   the certificate, to upload to Telegram and to serve`);
  output.print(`${files.key}    its key, to serve and to keep to yourself`);
  output.print();
  output.print("Serve with it and have it uploaded:");
  output.print(
    `  ${ownCommandLine()} listen --url https://${host}:8443/hook --cert ${files.cert} --key ${files.key}`,
  );
  return 0;
}

function outputFiles(out: string): CertificateFiles {
  const isDirectory = /[/\\]$/.test(out) || statSync(out, { throwIfNoEntry: false })?.isDirectory() === true;
  return certificateFiles(isDirectory ? join(out, "telehook") : out);
}
