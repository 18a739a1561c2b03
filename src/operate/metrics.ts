import type { Events, WebhookEvent } from "../events/events.ts";
import type { Inbox } from "../inbox/inbox.ts";
import { nodeBuiltin } from "../platform/node_builtin.ts";
import type { StoreStats } from "../store/inbox_store.ts";
import { albumPartsOf } from "../delivery/media_group.ts";
import { healthOf } from "./health.ts";

/** A metric with all its values, as the text format of Prometheus groups them. */
interface Family {
  readonly name: string;
  readonly type: "counter" | "gauge" | "histogram";
  readonly help: string;
  readonly samples: Sample[];
}

interface Sample {
  /** What follows the family's name, such as `_bucket`. */
  readonly suffix?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: number;
}

/** Seconds. Most handlers take milliseconds; Telegram waits for a minute. */
const DURATION_BOUNDS = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
const SIZE_BOUNDS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
/** A scrape must not hang because the store does. */
const STATS_WITHIN_MS = 2_000;

/** How often values were up to each of several bounds. */
class Histogram {
  readonly #bounds: readonly number[];
  /** One for each bound, and one for what is above. */
  readonly #counts: number[];
  #sum = 0;

  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.#counts = new Array<number>(bounds.length + 1).fill(0);
  }

  add(value: number): void {
    let bucket = 0;
    while (value > (this.#bounds[bucket] ?? Infinity)) bucket++;
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
    this.#sum += value;
  }

  samples(labels: Readonly<Record<string, string>> = {}): Sample[] {
    let below = 0;
    const buckets = this.#counts.map((count, i) => {
      below += count;
      return {
        suffix: "_bucket",
        labels: { ...labels, le: String(this.#bounds[i] ?? "+Inf") },
        value: below,
      };
    });
    return [
      ...buckets,
      { suffix: "_sum", labels, value: this.#sum },
      { suffix: "_count", labels, value: below },
    ];
  }
}

/**
 * The numbers of a webhook. Most are counted anyway, or read when they are asked for. Only durations and sizes are measured
 * for this, from when it is made: it listens to the events.
 */
export class Metrics {
  readonly #inbox: Inbox;
  readonly #events: Events;
  readonly #certificate: () => string | undefined;
  readonly #handled = new Histogram(DURATION_BOUNDS);
  readonly #failed = new Histogram(DURATION_BOUNDS);
  readonly #sizes = new Histogram(SIZE_BOUNDS);

  /** @param certificate What the server uses at the moment, in PEM. */
  constructor(inbox: Inbox, events: Events, certificate: () => string | undefined) {
    this.#inbox = inbox;
    this.#events = events;
    this.#certificate = certificate;
    events.listen((event) => this.#note(event));
  }

  #note(event: WebhookEvent): void {
    if (event.type === "handled") this.#handled.add(event.durationMs / 1_000);
    else if (event.type === "failed") this.#failed.add(event.durationMs / 1_000);
    else if (event.type === "started") this.#sizes.add(albumPartsOf(event.update).length || 1);
  }

  /** All numbers, now. */
  async families(): Promise<readonly Family[]> {
    const stats = await this.#storeStats();
    const { counts, refusals, storeFailedMsAgo } = this.#events;
    const { running, unanswered, isOutage } = this.#inbox.load;
    const { status } = healthOf(this.#inbox, this.#events);
    const expiry = expiryOf(this.#certificate());
    const handled = { outcome: "handled" };
    const failed = { outcome: "failed" };
    return [
      counter("updates_handled", "Updates and media groups that were handled.", counts.handled),
      counter("handler_failures", "Calls of the handlers that failed.", counts.failed),
      counter(
        "retries",
        "Calls of the handlers after which the update is handled again.",
        counts.failed - counts.givenUp + counts.postponed,
      ),
      counter("updates_given_up", "Updates that were given up.", counts.givenUp),
      counter("updates_parked", "Updates that were parked.", counts.parked),
      counter("duplicates", "Updates that arrived again.", counts.duplicates),
      counter(
        "acknowledged_early",
        "Updates that were acknowledged before they were handled.",
        counts.acknowledgedEarly,
      ),
      counter("media_groups", "Media groups that were handled.", counts.mediaGroups),
      counter("replies_sent", "Replies that were sent through the Bot API.", counts.repliesSent),
      counter("replies_failed", "Replies that could not be sent.", counts.repliesFailed),
      counter("store_failures", "Calls of the store that failed.", counts.storeFailures),
      {
        ...{ name: "telehook_deliveries_refused_total", type: "counter" },
        help: "Deliveries that were refused, by status and reason.",
        samples: refusals.map(({ status, reason, count }) => ({
          labels: { status: String(status), reason },
          value: count,
        })),
      },
      {
        ...{ name: "telehook_handler_duration_seconds", type: "histogram" },
        help: "How long calls of the handlers took.",
        samples: [...this.#handled.samples(handled), ...this.#failed.samples(failed)],
      },
      {
        ...{ name: "telehook_batch_updates", type: "histogram" },
        help: "Updates in one call of the handlers: the parts of a media group, or 1.",
        samples: this.#sizes.samples(),
      },
      gauge("handlers_running", "Calls of the handlers that have not ended.", running),
      gauge("updates_unanswered", "Updates that have not been answered yet.", unanswered),
      gauge("updates_stored", "Updates in the store that are not handled yet.", stats?.updates),
      gauge("lanes", "Lanes with updates in the store that are not handled yet.", stats?.lanes),
      gauge(
        "oldest_update_age_seconds",
        "Seconds since the oldest of the updates in the store was received.",
        stats && stats.oldestMs / 1_000,
      ),
      gauge("parked", "Updates and media groups that are parked.", stats?.parked),
      gauge("healthy", "1 if updates are accepted at the moment.", Number(status === "ok")),
      gauge("outage", "1 while several chats fail and none succeeds.", Number(isOutage)),
      gauge(
        "store_failing",
        "1 if the latest call of the store failed.",
        Number(storeFailedMsAgo !== Infinity),
      ),
      gauge(
        "certificate_expiry_timestamp_seconds",
        "When the certificate of the server expires, in Unix time.",
        expiry,
      ),
    ];
  }

  async #storeStats(): Promise<StoreStats | undefined> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    try {
      const tooLong = new Promise<undefined>((resolve) =>
        timer = setTimeout(() => resolve(undefined), STATS_WITHIN_MS)
      );
      return await Promise.race([this.#inbox.storeStats(), tooLong]);
    } catch {
      return undefined; // the store's own metrics tell that it fails
    } finally {
      clearTimeout(timer);
    }
  }
}

function counter(name: string, help: string, value: number): Family {
  return { name: `telehook_${name}_total`, type: "counter", help, samples: [{ value }] };
}

/** @param value `undefined` if it is not known; then there is no sample. */
function gauge(name: string, help: string, value: number | undefined): Family {
  return { name: `telehook_${name}`, type: "gauge", help, samples: value === undefined ? [] : [{ value }] };
}

interface Crypto {
  readonly X509Certificate: new (pem: string) => { readonly validTo: string };
}

/** When a certificate expires, in Unix seconds. */
export function expiryOf(pem: string | undefined): number | undefined {
  if (pem === undefined) return undefined;
  try {
    const { X509Certificate } = nodeBuiltin<Crypto>("node:crypto");
    const seconds = Date.parse(new X509Certificate(pem).validTo) / 1_000;
    return Number.isNaN(seconds) ? undefined : seconds;
  } catch {
    return undefined;
  }
}

/** The `Content-Type` of the text format. */
export const METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8";

/**
 * The numbers of webhooks in the text format of Prometheus.
 *
 * @param sources The numbers of each, with the value of the label `bot`, if they are to have one.
 * @see https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format
 */
export async function metricsText(
  sources: readonly (readonly [string | undefined, Metrics])[],
): Promise<string> {
  const merged = new Map<string, Family>();
  for (const [bot, metrics] of sources) {
    for (const family of await metrics.families()) {
      const known = merged.get(family.name) ?? { ...family, samples: [] };
      merged.set(family.name, known);
      for (const sample of family.samples) {
        known.samples.push(bot === undefined ? sample : { ...sample, labels: { bot, ...sample.labels } });
      }
    }
  }
  let text = "";
  for (const { name, type, help, samples } of merged.values()) {
    if (samples.length === 0) continue;
    text += `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`;
    for (const { suffix = "", labels = {}, value } of samples) {
      text += `${name}${suffix}${labelsText(labels)} ${value}\n`;
    }
  }
  return text;
}

function labelsText(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

function escaped(value: string): string {
  return value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}
