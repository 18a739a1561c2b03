import {
  type Events,
  NO_COUNTS,
  type RefusalCount,
  type WebhookCounts,
  type WebhookEvent,
} from "../events/events.ts";
import type { Inbox } from "../inbox/inbox.ts";
import { inTurns } from "../platform/next_turn.ts";
import { nodeBuiltin } from "../platform/node_builtin.ts";
import type { StoreStats } from "../store/inbox_store.ts";
import { albumPartsOf } from "../delivery/media_group.ts";

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

/** What is measured: one webhook, or each bot of a host. */
export interface Measured {
  readonly inbox: Inbox;
  readonly events: Events;
}

/** What else is asked for the numbers. */
export interface MetricsSource {
  /** What is measured at the moment. */
  readonly measured: () => Iterable<Measured>;
  /** Whether updates are accepted. */
  readonly isHealthy: () => boolean;
  /** What the server uses at the moment, in PEM. */
  readonly certificate: () => string | undefined;
  /** How many bots there are, and how many of these are not healthy, where there are many. */
  readonly bots?: () => { readonly all: number; readonly unhealthy: number };
}

/**
 * The numbers of a webhook, or the sums over all bots of a host: a label for each bot would be too many. Most are counted
 * anyway, or read when they are asked for. Only durations and sizes are measured for this, from when {@link watch} is
 * called: it listens to the events.
 */
export class Metrics {
  readonly #source: MetricsSource;
  /** By how calls ended. */
  readonly #durations = {
    handled: new Histogram(DURATION_BOUNDS),
    failed: new Histogram(DURATION_BOUNDS),
    postponed: new Histogram(DURATION_BOUNDS),
  };
  readonly #sizes = new Histogram(SIZE_BOUNDS);
  /** Of what is not measured any longer: counters never fall. */
  readonly #gone = new Totals();

  constructor(source: MetricsSource) {
    this.#source = source;
    for (const each of source.measured()) this.watch(each);
  }

  /** Begins measuring. */
  watch({ events }: Measured): void {
    events.listen((event) => this.#note(event));
  }

  /** Ends measuring, and keeps what was counted. */
  unwatch({ events }: Measured): void {
    this.#gone.add(events);
  }

  #note(event: WebhookEvent): void {
    if (event.type === "started") this.#sizes.add(albumPartsOf(event.update).length || 1);
    else if (event.type === "handled" || event.type === "failed" || event.type === "postponed") {
      this.#durations[event.type].add(event.durationMs / 1_000);
    }
  }

  /** All numbers, now. */
  async families(): Promise<readonly Family[]> {
    const measured = [...this.#source.measured()];
    const sums = new Totals(this.#gone); // at the same moment: what is removed from now on would count twice
    const load = { running: 0, unanswered: 0, outages: 0, failingStores: 0 };
    const asked: Inbox[] = [];
    await inTurns(measured, ({ inbox, events }) => {
      const { running, unanswered, isOutage, stored } = inbox.load;
      sums.add(events);
      load.running += running;
      load.unanswered += unanswered;
      load.outages += Number(isOutage);
      load.failingStores += Number(events.storeFailedMsAgo !== Infinity);
      if (measured.length === 1 || stored > 0) asked.push(inbox);
    });
    const stats = await storeStats(asked);
    const { counts, refusals } = sums;
    const bots = this.#source.bots?.();
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
      counter("media_groups", "Media groups that were complete.", counts.mediaGroups),
      counter("replies_sent", "Replies that were sent through the Bot API.", counts.repliesSent),
      counter("replies_failed", "Replies that could not be sent.", counts.repliesFailed),
      counter("store_failures", "Calls of the store that failed.", counts.storeFailures),
      {
        ...{ name: "telehook_deliveries_refused_total", type: "counter" },
        help: "Deliveries that were refused, by status and reason.",
        samples: [...refusals.values()].map(({ status, reason, count }) => ({
          labels: { status: String(status), reason },
          value: count,
        })),
      },
      {
        ...{ name: "telehook_handler_duration_seconds", type: "histogram" },
        help: "How long calls of the handlers took.",
        samples: Object.entries(this.#durations).flatMap(([outcome, each]) => [...each.samples({ outcome })]),
      },
      {
        ...{ name: "telehook_batch_updates", type: "histogram" },
        help: "Updates in one call of the handlers: the parts of a media group, or 1.",
        samples: this.#sizes.samples(),
      },
      gauge("handlers_running", "Calls of the handlers that have not ended.", load.running),
      gauge("updates_unanswered", "Updates that have not been answered yet.", load.unanswered),
      gauge("updates_stored", "Updates in the store that are not handled yet.", stats?.updates),
      gauge("lanes", "Lanes with updates in the store that are not handled yet.", stats?.lanes),
      gauge(
        "oldest_update_age_seconds",
        "Seconds since the oldest of the updates in the store was received.",
        stats && stats.oldestMs / 1_000,
      ),
      gauge("parked", "Updates and media groups that are parked.", bots ? undefined : stats?.parked),
      gauge("healthy", "1 if updates are accepted at the moment.", Number(this.#source.isHealthy())),
      gauge("outage", "1 while several chats fail and none succeeds; of many bots, how many.", load.outages),
      gauge(
        "store_failing",
        "1 if the latest call of the store failed; of many bots, how many.",
        load.failingStores,
      ),
      gauge("bots", "Bots of the host.", bots?.all),
      gauge("bots_unhealthy", "Bots whose updates are not accepted at the moment.", bots?.unhealthy),
      gauge(
        "certificate_expiry_timestamp_seconds",
        "When the certificate of the server expires, in Unix time.",
        expiryOf(this.#source.certificate()),
      ),
    ];
  }
}

/** Sums of what events have counted. */
class Totals {
  readonly counts: Record<keyof WebhookCounts, number>;
  readonly refusals: Map<string, RefusalCount>;

  constructor(from?: Totals) {
    this.counts = { ...from?.counts ?? NO_COUNTS };
    this.refusals = new Map(from?.refusals);
  }

  add({ counts, refusals }: Events): this {
    for (const name of Object.keys(counts) as (keyof WebhookCounts)[]) this.counts[name] += counts[name];
    for (const { status, reason, count } of refusals) {
      const before = this.refusals.get(reason)?.count ?? 0;
      this.refusals.set(reason, { status, reason, count: before + count });
    }
    return this;
  }
}

/**
 * What is in the stores. Of many bots, only those are asked that have something in their store as far as this process knows.
 *
 * @returns `undefined` if one of them does not answer in time, or fails: its own metrics tell that.
 */
async function storeStats(asked: readonly Inbox[]): Promise<StoreStats | undefined> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  try {
    const tooLong = new Promise<undefined>((resolve) =>
      timer = setTimeout(() => resolve(undefined), STATS_WITHIN_MS)
    );
    const all = await Promise.race([Promise.all(asked.map((inbox) => inbox.storeStats())), tooLong]);
    return all?.reduce((sum, each) => ({
      updates: sum.updates + each.updates,
      lanes: sum.lanes + each.lanes,
      oldestMs: Math.max(sum.oldestMs, each.oldestMs),
      parked: sum.parked + each.parked,
    }), { updates: 0, lanes: 0, oldestMs: 0, parked: 0 });
  } catch {
    return undefined;
  } finally {
    clearTimeout(timer);
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
  // There may be thousands of each.
  await inTurns(sources, async ([bot, metrics]) => {
    for (const family of await metrics.families()) {
      const known = merged.get(family.name) ?? { ...family, samples: [] };
      merged.set(family.name, known);
      for (const sample of family.samples) {
        known.samples.push(bot === undefined ? sample : { ...sample, labels: { bot, ...sample.labels } });
      }
    }
  });
  let text = "";
  for (const { name, type, help, samples } of merged.values()) {
    if (samples.length === 0) continue;
    text += `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`;
    await inTurns(samples, ({ suffix = "", labels = {}, value }) => {
      text += `${name}${suffix}${labelsText(labels)} ${value}\n`;
    });
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
