import { connect } from "node:net";
import { connect as connectTls } from "node:tls";
import { concatBytes } from "./concat_bytes.ts";
import { AnswerReader, type HttpAnswer } from "./http_answer.ts";
import type { RegisteredWebhook } from "./api/webhook_registration.ts";

/** A request to the webhook that does not come from Telegram. What is left out is as Telegram would send it. */
export interface UnauthenticatedRequest {
  /** Default: `"POST"`. */
  method?: string;
  /** Default: the webhook's. */
  path?: string;
  /** The secret to send, the right one included; default: none. */
  secretToken?: string;
  /** Headers besides, or instead of, `Host`, `Content-Type` and `Content-Length`. */
  headers?: Readonly<Record<string, string>>;
  /** The body. Default: empty. */
  body?: string | Uint8Array;
  /** Bytes to send instead of a whole request. */
  raw?: string | Uint8Array;
  /** After how many real milliseconds to give up. Default: 10000. */
  timeoutMs?: number;
}

/** What the webhook did about a request that is not Telegram's. */
export interface UnauthenticatedAnswer {
  /** Its answer, if it gave one. */
  answer: HttpAnswer | undefined;
  /** Whether it closed the connection. */
  isClosed: boolean;
}

/** Sends a request over a separate connection and waits for the answer, the end or the time limit. */
export function postUnauthenticated(
  webhook: RegisteredWebhook,
  request: UnauthenticatedRequest,
): Promise<UnauthenticatedAnswer> {
  const { address: host, port, tls } = webhook.destination;
  return new Promise((resolve) => {
    const reader = new AnswerReader();
    const socket = tls
      ? connectTls({ host, port, servername: tls.serverName, rejectUnauthorized: false })
      : connect({ host, port });
    const timer = setTimeout(() => finish(undefined, false), request.timeoutMs ?? 10_000);
    const finish = (answer: HttpAnswer | undefined, isClosed: boolean) => {
      clearTimeout(timer);
      socket.destroy();
      resolve({ answer, isClosed });
    };
    socket.on("data", (chunk: Uint8Array) => {
      reader.push(chunk);
      try {
        const answer = reader.read();
        if (answer) finish(answer, !answer.keepAlive);
      } catch {
        finish(undefined, false);
      }
    });
    socket.on("error", () => finish(undefined, true));
    socket.on("close", () => finish(undefined, true));
    socket.write(requestBytes(webhook, request));
  });
}

function requestBytes(webhook: RegisteredWebhook, request: UnauthenticatedRequest): Uint8Array {
  if (request.raw !== undefined) return toBytes(request.raw);
  const body = toBytes(request.body ?? "");
  const headers: Record<string, string> = {
    Host: webhook.parts.hostHeader,
    ...request.secretToken !== undefined && { "X-Telegram-Bot-Api-Secret-Token": request.secretToken },
    "Content-Type": "application/json",
    "Content-Length": String(body.length),
    ...request.headers,
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  const start = `${request.method ?? "POST"} ${request.path ?? webhook.parts.path} HTTP/1.1`;
  return concatBytes([toBytes([start, ...lines, "", ""].join("\r\n")), body]);
}

function toBytes(data: string | Uint8Array): Uint8Array {
  return typeof data === "string" ? new TextEncoder().encode(data) : data;
}
