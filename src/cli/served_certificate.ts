import type { TlsOptions } from "../../mod.ts";
import { checkHost, isSelfIssued } from "../tls/host_check.ts";
import { type KeyPair, selfSigned } from "../tls/mod.ts";
import {
  type CertificateFiles,
  certificateFiles,
  readKeyPair,
  reusableKeyPair,
  writeKeyPair,
} from "./certificate_files.ts";
import { type CommandContext, UsageError } from "./command.ts";
import { passphraseOf } from "./settings.ts";

/** The certificate of a server. */
export interface ServedCertificate {
  /** What it serves. */
  readonly options: TlsOptions;
  /** What to upload to Telegram, unless it is from a public CA. */
  readonly upload: string | undefined;
}

/** The certificate that the flags name, or one that is created for the URL; nothing for plain HTTP behind a proxy. */
export async function servedCertificate(
  context: CommandContext,
  url: URL | undefined,
): Promise<ServedCertificate | undefined> {
  const { flags } = context;
  const [cert, key] = [flags.text("cert"), flags.text("key")];
  if ((cert === undefined) !== (key === undefined)) {
    throw new UsageError(
      `--cert and --key belong together. Write --${cert === undefined ? "cert" : "key"} <file> too`,
    );
  }
  const files = cert !== undefined && key !== undefined ? { cert, key } : undefined;
  if (flags.has("self-signed")) {
    if (url?.protocol !== "https:") {
      throw new UsageError(
        "--self-signed needs the URL that is verified. Write --url https://203.0.113.7:8443/hook",
      );
    }
    const pair = await selfSignedPair(context, files ?? certificateFiles("telehook"), url.hostname);
    return { options: pair, upload: pair.cert };
  }
  if (files === undefined) return undefined;
  const pair = await readKeyPair(files, passphraseOf(context));
  const isUploaded = isSelfIssued(pair.cert);
  if (url?.protocol === "https:") checkHost(pair.cert, url.hostname, isUploaded, `"${files.cert}"`);
  return { options: pair, upload: isUploaded ? pair.cert : undefined };
}

async function selfSignedPair(
  context: CommandContext,
  files: CertificateFiles,
  host: string,
): Promise<KeyPair> {
  const reusable = await reusableKeyPair(files, host, passphraseOf(context));
  if (reusable !== undefined) return reusable;
  const pair = await selfSigned({ host });
  writeKeyPair(files, pair);
  context.output.note(`Created a certificate for ${host}: ${files.cert}, with its key in ${files.key}`);
  return pair;
}
