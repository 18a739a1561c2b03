/**
 * The adapter for AWS Lambda: function URLs, API Gateway (HTTP and REST APIs) and Application Load Balancers.
 *
 * @module
 */
import type { Answer } from "../answers/answer.ts";
import type { DeliveryHead } from "../guard/head.ts";
import { pipelineOf, type Webhook } from "../webhook.ts";

/** As much of an event as is used, whichever service sent it. */
export interface LambdaEvent {
  /** `"2.0"` from a function URL and an HTTP API. */
  readonly version?: string | undefined;
  /** The method, from a REST API and a load balancer. */
  readonly httpMethod?: string | undefined;
  /** The path, from a REST API, without its stage, and from a load balancer. */
  readonly path?: string | undefined;
  /** The path, from a function URL and an HTTP API. */
  readonly rawPath?: string | undefined;
  /** The headers, in any case. */
  readonly headers?: { readonly [name: string]: string | undefined } | null | undefined;
  /** The headers, from a REST API, and from a load balancer whose target group has multi-value headers. */
  readonly multiValueHeaders?: { readonly [name: string]: readonly string[] | undefined } | null | undefined;
  /** The body, as text or in Base64. */
  readonly body?: string | null | undefined;
  /** Whether the body is in Base64. */
  readonly isBase64Encoded?: boolean | undefined;
  /** What the service knows in addition to the request. */
  readonly requestContext?: {
    /** The method, path and client's address, from a function URL and an HTTP API. */
    readonly http?:
      | { readonly method?: string; readonly path?: string; readonly sourceIp?: string }
      | undefined;
    /** The path of the URL, with the stage, from a REST API. */
    readonly path?: string | undefined;
    /** The client's address, from a REST API. */
    readonly identity?: { readonly sourceIp?: string | null } | undefined;
  } | undefined;
}

/** What the service sends as the answer. */
export interface LambdaResult {
  /** The status code. */
  readonly statusCode: number;
  /** The headers, unless the load balancer wants {@link LambdaResult.multiValueHeaders}. */
  readonly headers?: Record<string, string>;
  /** The headers, for a load balancer whose target group has multi-value headers. */
  readonly multiValueHeaders?: Record<string, string[]>;
  /** The body, as text. */
  readonly body: string;
  /** `false`: the body is text. */
  readonly isBase64Encoded: boolean;
}

/** A handler for Lambda: an async function with exactly two parameters, since Lambda refuses three from Node 24 on. */
export type LambdaHandler = (event: LambdaEvent, context?: unknown) => Promise<LambdaResult>;

/**
 * Makes a webhook a handler for AWS Lambda.
 *
 * Lambda stops an instance as soon as it has answered, and goes on only with the next request. So let every update be
 * handled before the answer: `acknowledgeWithinMs: 55_000` and `mediaGroups: false`, as here. With the defaults, an album
 * or a slow handler is continued when the next update arrives. Instances know nothing of each other without a common store.
 *
 * @param hook What `webhook(receiver, options)` returned.
 * @returns The handler. It never throws and never rejects.
 * @throws {TelehookError} `ERR_OPTION` if it is something else.
 * @see https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html#urls-payloads
 *
 * @example
 * ```ts
 * import { webhook } from "@telehook/telehook";
 * import { toLambdaHandler } from "@telehook/telehook/lambda";
 *
 * export const handler = toLambdaHandler(webhook(
 *   (update) => console.log(update.update_id),
 *   { secretToken: "a-long-random-secret", acknowledgeWithinMs: 55_000, mediaGroups: false },
 * ));
 * ```
 */
export function toLambdaHandler(hook: Webhook): LambdaHandler {
  const pipeline = pipelineOf(hook);
  return async (event: LambdaEvent, _context?: unknown): Promise<LambdaResult> => {
    let answer: Answer;
    try {
      const head = new LambdaHead(event);
      const { body = "", isBase64Encoded } = event;
      answer = await (pipeline.guard(head) ??
        (isBase64Encoded
          ? pipeline.receiveBytes(Uint8Array.from(atob(body ?? ""), (byte) => byte.charCodeAt(0)), head)
          : pipeline.receiveText(body ?? "", head)));
    } catch {
      // Nothing else can throw here.
      answer = pipeline.refuseMisuse(
        "toLambdaHandler must be called with an event of a function URL, API Gateway or a load balancer",
      );
    }
    return toResult(answer, event);
  };
}

const encoder = /* @__PURE__ */ new TextEncoder();

class LambdaHead implements DeliveryHead {
  readonly #event: LambdaEvent;
  readonly #headers = new Map<string, string>();

  constructor(event: LambdaEvent) {
    this.#event = event;
    for (const [name, value] of Object.entries(event.headers ?? {})) {
      if (value !== undefined) this.#headers.set(name.toLowerCase(), value);
    }
    // All values of a header are joined, as other servers do. So two secrets are refused.
    for (const [name, values] of Object.entries(event.multiValueHeaders ?? {})) {
      if (values !== undefined) this.#headers.set(name.toLowerCase(), values.join(", "));
    }
  }

  get method(): string {
    return this.#event.requestContext?.http?.method ?? this.#event.httpMethod ?? "";
  }

  get path(): string {
    const { rawPath, requestContext, path } = this.#event;
    return rawPath ?? requestContext?.path ?? path ?? "/";
  }

  get address(): string | undefined {
    const { http, identity } = this.#event.requestContext ?? {};
    return http?.sourceIp ?? identity?.sourceIp ?? undefined;
  }

  /** The length of the body itself, which is here already. */
  get contentLength(): number {
    const body = this.#event.body ?? "";
    if (!this.#event.isBase64Encoded) return encoder.encode(body).length;
    return Math.floor(body.replace(/={1,2}$/, "").length * 3 / 4);
  }

  get headers(): Iterable<readonly [string, string]> {
    return this.#headers;
  }

  header(name: string): string | undefined {
    return this.#headers.get(name);
  }
}

function toResult({ status, headers, body }: Answer, event: LambdaEvent): LambdaResult {
  const isText = typeof body === "string" || body === null;
  const result = {
    statusCode: status,
    body: isText ? body ?? "" : toBase64(body),
    isBase64Encoded: !isText, // a reply with a file
  };
  // A load balancer reads only the form that it sends itself; a REST API sends both and reads both.
  if (event?.multiValueHeaders && !event.headers) {
    return {
      ...result,
      multiValueHeaders: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value]])),
    };
  }
  return { ...result, headers };
}

function toBase64(bytes: Uint8Array): string {
  let binary = "";
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary);
}
