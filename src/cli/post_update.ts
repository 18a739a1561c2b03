import { lookup } from "node:dns/promises";
import { checkCertificate } from "../testing/certificate_check.ts";
import { realClock } from "../testing/clock.ts";
import { Connection, type Destination } from "../testing/connection.ts";
import type { HttpAnswer as Answer } from "../testing/http_answer.ts";
import type { TestUpdate as Update } from "../testing/update_kinds.ts";
import { updateJson, webhookRequest } from "../testing/webhook_request.ts";
import { parseWebhookUrl } from "../testing/webhook_url.ts";
import { UsageError } from "./usage_error.ts";
import { quote } from "../text/quote.ts";

/** Where to post, and as whom. */
export interface PostOptions {
  readonly url: string;
  /** What the delivery has in its secret header; `null` leaves it out. */
  readonly secretToken: string | null;
  /** The only certificate to trust, as PEM, as if it had been uploaded. */
  readonly certificate: string | undefined;
}

/** What came of it: an answer, or why there is none, in the words of `getWebhookInfo`. */
export type PostResult =
  & { readonly tookMs: number }
  & ({ readonly answer: Answer } | { readonly error: string });

/** Posts one update with the very bytes that Telegram would send, over a connection that verifies as Telegram does. */
export async function postUpdate(update: Update, options: PostOptions): Promise<PostResult> {
  const parts = parseWebhookUrl(options.url);
  if (parts === undefined) {
    throw new UsageError(
      `${quote(options.url)} is not an address to post to, write one such as http://127.0.0.1:8080/`,
    );
  }
  const { protocol, host, port } = parts;
  const start = performance.now();
  const address = await ipv4Of(host);
  if (address === undefined) {
    return { tookMs: performance.now() - start, error: "Failed to resolve host: Name or service not known" };
  }
  const trust = options.certificate === undefined ? {} : { uploaded: options.certificate };
  const to: Destination = {
    address,
    port,
    ...protocol === "https" && {
      tls: {
        serverName: host === address ? "" : host,
        check: (socket) => checkCertificate(socket, host, trust),
      },
    },
  };
  const request = webhookRequest({ ...parts, secretToken: options.secretToken ?? "" }, updateJson(update));
  return await exchange(to, request, () => performance.now() - start);
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
