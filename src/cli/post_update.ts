import { lookup } from "node:dns/promises";
import { isIPv4 } from "node:net";
import { checkCertificate } from "../testing/certificate_check.ts";
import { realClock } from "../testing/clock.ts";
import { Connection, type Destination } from "../testing/connection.ts";
import type { HttpAnswer as Answer } from "../testing/http_answer.ts";
import type { TestUpdate as Update } from "../testing/update_kinds.ts";
import { updateJson, webhookRequest } from "../testing/webhook_request.ts";
import { parseWebhookUrl } from "../testing/webhook_url.ts";
import { quote } from "../text/quote.ts";
import { UsageError } from "./command.ts";

/** Where to post, and with what. */
export interface PostOptions {
  readonly url: string;
  /** The secret header of the delivery; `null` leaves it out. */
  readonly secretToken: string | null;
  /** The only certificate to trust, as PEM, as if it had been uploaded. */
  readonly certificate: string | undefined;
  /** `address:port` to connect to, instead of the URL's. */
  readonly connect?: string | undefined;
}

/** An answer, or why there is none, in the words of `getWebhookInfo`. */
export type PostResult =
  & { readonly tookMs: number }
  & ({ readonly answer: Answer } | { readonly error: string });

/**
 * Checks where to post.
 *
 * @returns What posts one update, byte for byte as Telegram would send it, over a connection that verifies as Telegram
 * does.
 * @throws {UsageError} If that is not possible.
 */
export function preparePost(options: PostOptions): (update: Update) => Promise<PostResult> {
  const parts = parseWebhookUrl(options.url);
  if (parts === undefined) {
    throw new UsageError(`Cannot post to ${quote(options.url)}. Write a URL such as http://127.0.0.1:8080/`);
  }
  const { protocol, host } = parts;
  const target = options.connect === undefined ? parts : connectTarget(options.connect);
  const trust = options.certificate === undefined ? {} : { uploaded: options.certificate };
  return async (update) => {
    const start = performance.now();
    const address = await ipv4Of(target.host);
    if (address === undefined) {
      return {
        tookMs: performance.now() - start,
        error: "Failed to resolve host: Name or service not known",
      };
    }
    const to: Destination = {
      address,
      port: target.port,
      ...protocol === "https" && {
        tls: {
          serverName: isIPv4(host) ? "" : host,
          check: (socket) => checkCertificate(socket, host, trust),
        },
      },
    };
    const request = webhookRequest({ ...parts, secretToken: options.secretToken ?? "" }, updateJson(update));
    return await exchange(to, request, () => performance.now() - start);
  };
}

/** Posts one update: see {@link preparePost}. */
export async function postUpdate(update: Update, options: PostOptions): Promise<PostResult> {
  return await preparePost(options)(update);
}

function connectTarget(text: string): { readonly host: string; readonly port: number } {
  const [, host = "", port = ""] = /^([^:/]+):(\d{1,5})$/.exec(text) ?? [];
  if (host !== "" && Number(port) >= 1 && Number(port) <= 65_535) return { host, port: Number(port) };
  throw new UsageError(`--connect must be an address and a port, such as 127.0.0.1:8443, not ${quote(text)}`);
}

function exchange(to: Destination, request: Uint8Array, took: () => number): Promise<PostResult> {
  return new Promise((resolve) => {
    const connection = new Connection(1, to, realClock(), {
      opened: () => {},
      answered(answer) {
        resolve({ tookMs: took(), answer });
        connection.close();
      },
      failed: (error) => resolve({ tookMs: took(), error }),
      closed: () => resolve({ tookMs: took(), error: "Webhook connection closed" }),
      unasked: () => {},
    });
    connection.send(request);
  });
}

async function ipv4Of(host: string): Promise<string | undefined> {
  try {
    return (await lookup(host, { family: 4 })).address;
  } catch {
    return undefined;
  }
}
