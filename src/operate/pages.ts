import { type Answer, FAILED } from "../answers/answer.ts";
import { TelehookError } from "../errors/telehook_error.ts";
import type { DeliveryHead } from "../guard/head.ts";
import { isPath, wirePath } from "../guard/path.ts";
import type { Awaitable } from "../store/inbox_store.ts";
import { quote } from "../text/quote.ts";
import type { WebhookHealth } from "./health.ts";
import { METRICS_TYPE } from "./metrics.ts";

/** Where a webhook answers those who operate it. */
export interface PagesOptions {
  /**
   * The path on which `GET` tells whether updates are accepted: 200, or 503 while closing, overloaded, in an outage or
   * while the store fails, with what {@link Webhook.health} returns. It needs no secret and reveals none. Default: none.
   */
  readonly health?: string | undefined;
  /**
   * The path on which `GET` returns what {@link prometheusText} does. It needs no secret: let only your own network reach
   * it. Default: none.
   */
  readonly metrics?: string | undefined;
}

/** What the pages show. */
export interface PagesSource {
  health(): WebhookHealth;
  metrics(): Promise<string>;
}

/** Answers a request for one of the pages. */
export type Pages = (head: DeliveryHead) => Awaitable<Answer> | undefined;

/**
 * Makes the pages that the options ask for.
 *
 * @returns `undefined` if they ask for none.
 * @throws {TelehookError} `ERR_PATH` for what is not a path, `ERR_OPTION` if both have the same.
 */
export function createPages(options: PagesOptions, source: PagesSource): Pages | undefined {
  const health = options.health === undefined ? undefined : wirePath(options.health);
  const metrics = options.metrics === undefined ? undefined : wirePath(options.metrics);
  if (health === undefined && metrics === undefined) return undefined;
  if (health === metrics) {
    throw new TelehookError(
      "ERR_OPTION",
      `"health" and "metrics" need a path each, not both ${quote(health)}`,
    );
  }
  return ({ method, path }) => {
    if (method !== "GET" && method !== "HEAD") return undefined;
    const isHead = method === "HEAD";
    if (health !== undefined && isPath(path, health)) {
      const found = source.health();
      return page(
        found.status === "ok" ? 200 : 503,
        "application/json",
        `${JSON.stringify(found)}\n`,
        isHead,
      );
    }
    if (metrics === undefined || !isPath(path, metrics)) return undefined;
    return source.metrics().then(
      (text) => page(200, METRICS_TYPE, text, isHead),
      () => FAILED, // a store of the user's own has thrown
    );
  };
}

function page(status: number, type: string, body: string, isHead: boolean): Answer {
  return {
    ...{ status, reason: "", body: isHead ? null : body },
    headers: { "content-type": type, "cache-control": "no-store" },
  };
}
