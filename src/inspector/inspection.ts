import type { BotApi } from "../bot_api/bot_api.ts";

import { describeUpdate } from "../describe/describe_update.ts";
import { healthOf } from "../operate/health.ts";
import type { Inspectable } from "../operate/inspectable.ts";
import { isUpdate } from "../parse/parse_update.ts";
import { errorReason } from "../text/error_reason.ts";
import { plainText } from "../text/plain_text.ts";
import { printableText } from "../text/printable_error.ts";
import type { Update } from "../updates/mod.ts";
import type { WebhookInfo } from "../updates/webhook_info.ts";
import { explainWebhook, pendingUpdates } from "../webhook_check/explain_webhook.ts";
import { plainWebhookInfo, readWebhookInfo } from "../webhook_check/webhook_info.ts";
import { Journal } from "./journal.ts";
import type { Changes, DeliveryDetail, ParkedRow, TelegramReport, Totals } from "./protocol.ts";

/** What the page may ask for failed: the text is for the person who uses it. */
export class InspectionError extends Error {}

/** Changes are sent together: a page shows no more than that many a second. */
const SEND_EVERY_MS = 50;
const MOST_PARKED = 1_000;
/** Above every id of Telegram's, so that a replay is not taken for a duplicate. */
const FIRST_REPLAY_ID = 2 ** 52;

/** Everything that the page shows and does, without HTTP. */
export class Inspection {
  readonly #inspectable: Inspectable;
  readonly #api: BotApi | undefined;
  readonly #url: string | undefined;
  readonly #journal: Journal;
  readonly #subscribers = new Set<(changes: Changes) => void>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #nextReplayId = FIRST_REPLAY_ID + Date.now();

  constructor(
    inspectable: Inspectable,
    { api, url, keep }: { api: BotApi | undefined; url: string | undefined; keep: number },
  ) {
    this.#inspectable = inspectable;
    this.#api = api;
    this.#url = url;
    this.#journal = new Journal(inspectable.events, keep, () => this.#sendSoon());
  }

  /**
   * Subscribes to what changes, and begins with everything.
   *
   * @returns Ends it.
   */
  subscribe(subscriber: (changes: Changes) => void): () => void {
    subscriber({
      ...this.#journal.all(),
      removed: [],
      isFirst: true,
      url: this.#urlOf(this.#inspectable.path),
      now: Date.now(),
      totals: this.#totals(),
    });
    this.#subscribers.add(subscriber);
    return () => void this.#subscribers.delete(subscriber);
  }

  detail(number: number): DeliveryDetail {
    const entry = this.#entry(number);
    const { updates, headers, path = this.#inspectable.path, attempts, reply, replySent } = entry;
    const row = this.#journal.all().rows.find((each) => each.number === number);
    if (row === undefined) throw notThere(number);
    return {
      ...{ row, headers, attempts, replySent, url: this.#urlOf(path) },
      ...{ updates: updates.map(writable), reply: reply && writable(reply) },
    };
  }

  /**
   * Passes a delivery in again: with new ids, so that it is not taken for a duplicate. What is parked, and not edited, is
   * replayed as `hook.replay(id)` does it.
   *
   * @param edited The updates in place of its own.
   */
  async replay(number: number, edited: unknown): Promise<void> {
    const entry = this.#entry(number);
    if (edited === undefined && entry.state === "parked") return await this.replayParked(parkedId(entry));
    const given = edited ?? entry.updates;
    if (!Array.isArray(given) || given.length === 0 || !given.every(isUpdate)) {
      throw new InspectionError(
        'This is not an update: write an object with "update_id" and one kind, as Telegram sends it',
      );
    }
    const group = `replay ${this.#nextReplayId}`;
    for (const each of given) {
      const update: Record<string, unknown> = structuredClone(each);
      update.update_id = this.#nextReplayId++;
      // With its own id, a part of a media group that was handled would be late.
      for (const content of Object.values(update)) {
        if (typeof content !== "object" || content === null || !("media_group_id" in content)) continue;
        content.media_group_id = group;
      }
      this.#journal.expectReplay(update.update_id as number, number);
      this.#inspectable.receive(update as Update);
    }
  }

  async parked(): Promise<readonly ParkedRow[]> {
    const found: ParkedRow[] = [];
    for await (const { id, updates, album, error, attempts, parkedAt } of this.#inspectable.inbox.parked()) {
      const [first] = updates;
      const { kind, summary } = describeUpdate(first ?? { update_id: id });
      found.push({
        ...{
          id,
          number: this.#journal.numberOf(id),
          kind,
          error: plainText(printableText(error), 2_000),
          attempts,
          parkedAt,
        },
        what: album === undefined ? summary : `${summary} (media group of ${updates.length})`,
      });
      if (found.length === MOST_PARKED) break;
    }
    return found;
  }

  async replayParked(id: number): Promise<void> {
    if (!await this.#inspectable.inbox.replay(id)) throw notParked(id);
  }

  async discard(id: number): Promise<void> {
    if (!await this.#inspectable.inbox.discard(id)) throw notParked(id);
    this.#journal.discarded(id);
  }

  async telegram(): Promise<TelegramReport> {
    if (this.#api === undefined) {
      return {
        findings: [],
        info: undefined,
        error: 'Pass "api" to inspect(), or a bot token to telehook, to see this',
      };
    }
    try {
      const info = await readWebhookInfo(this.#api, { signal: AbortSignal.timeout(10_000) });
      return { info: plainWebhookInfo(info), findings: this.#explained(plainWebhookInfo(info)), error: "" };
    } catch (error) {
      return { findings: [], info: undefined, error: plainText(errorReason(error)) };
    }
  }

  /** Where `telehook send` can send to. Nothing can be sent to a bot that polls. */
  #urlOf(path = "/"): string | undefined {
    return this.#inspectable.isPolling ? undefined : this.#url ?? `http://127.0.0.1:8080${path}`;
  }

  #explained(info: WebhookInfo): TelegramReport["findings"] {
    if (this.#inspectable.isPolling && info.url === "") {
      const pending = pendingUpdates(info.pending_update_count);
      return [{ severity: "good", text: `No webhook is set, as it must be for polling. ${pending}` }];
    }
    return explainWebhook(info, { now: Date.now() / 1_000, isTelegram: false }); // setWebhook has checked the URL
  }

  close(): void {
    this.#journal.close();
    this.#subscribers.clear();
    clearTimeout(this.#timer);
  }

  #entry(number: number) {
    const entry = this.#journal.get(number);
    if (entry === undefined) throw notThere(number);
    return entry;
  }

  #sendSoon(): void {
    if (this.#subscribers.size === 0) return this.#journal.forgetChanges(); // who subscribes begins with everything
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      const changes = {
        ...this.#journal.takeChanges(),
        isFirst: false,
        url: undefined,
        now: Date.now(),
        totals: this.#totals(),
      };
      for (const subscriber of this.#subscribers) subscriber(changes);
    }, SEND_EVERY_MS);
  }

  #totals(): Totals {
    const { inbox, events } = this.#inspectable;
    const { status, running, stored } = healthOf(inbox, events);
    const { handled, failed, refused } = events.counts;
    return { status, running, stored, handled, failed, refused };
  }
}

/**
 * A reply or an update as it can be shown: a handler may return a reply that is no JSON, or put something into its update
 * that is none, which is then the news.
 */
function writable(value: object): object {
  try {
    JSON.stringify(value);
    return value;
  } catch (error) {
    return { error: `It cannot be written as JSON: ${plainText(errorReason(error))}` };
  }
}

/** What is parked has the id of its first update. */
function parkedId({ updates }: { readonly updates: readonly object[] }): number {
  return Math.min(...updates.map((each) => "update_id" in each ? Number(each.update_id) : Infinity));
}

function notThere(number: number): InspectionError {
  return new InspectionError(`There is no delivery #${number} any longer`);
}

function notParked(id: number): InspectionError {
  return new InspectionError(`Update ${id} is not parked any longer`);
}
