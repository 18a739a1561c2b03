import { albumPartsOf } from "../delivery/media_group.ts";
import { describeChat, describeUpdate } from "../describe/describe_update.ts";
import type { Events, WebhookEvent } from "../events/events.ts";
import { plainText } from "../text/plain_text.ts";
import { printableText } from "../text/printable_error.ts";
import type { Attempt, DeliveryRow, DeliveryState, PartRow, RefusalRow } from "./protocol.ts";

/** A delivery as it is kept: the row is made from it. */
interface Entry {
  readonly number: number;
  readonly at: number;
  updates: object[];
  updateId: number;
  /** All ids by which it is found. */
  readonly ids: Set<number>;
  /** The key of the media group that it collects. */
  group: string | undefined;
  kind: string;
  what: string;
  readonly chat: string;
  readonly sender: string;
  readonly lane: string;
  state: DeliveryState;
  since: number;
  until: number | undefined;
  calls: number;
  answer: string;
  durationMs: number | undefined;
  parts: PartRow[];
  complete: string;
  repeats: number;
  readonly replayOf: number | undefined;
  readonly headers: Readonly<Record<string, string>> | undefined;
  readonly path: string | undefined;
  readonly attempts: Attempt[];
  reply: object | undefined;
  replySent: string;
}

type Received = Extract<WebhookEvent, { type: "received" }>;
type Update = Received["update"];
type EventUpdate = Extract<WebhookEvent, { readonly update: unknown }>["update"];

const MOST_REFUSALS = 200;
/** Of a delivery that is handled again and again, the latest. */
const MOST_ATTEMPTS = 100;

const WHY_COMPLETE = {
  full: "it has ten parts",
  next: "the next update of its chat came",
  quiet: "no further part came",
  maxWait: "it has waited as long as it may",
  close: "the webhook closed",
} as const;

/** Keeps the latest deliveries and refusals, as the events tell of them. */
export class Journal {
  readonly #most: number;
  readonly #onChange: () => void;
  readonly #entries = new Map<number, Entry>();
  readonly #byUpdate = new Map<number, Entry>();
  /** Media groups that collect parts, by their chat and id. */
  readonly #collecting = new Map<string, Entry>();
  readonly #refusals = new Map<number, RefusalRow>();
  /** Replays that have not arrived yet: the number of what is replayed, by the new id. */
  readonly #replays = new Map<number, number>();
  #changed = new Set<number>();
  #removed = new Set<number>();
  #changedRefusals = new Set<number>();
  #count = 0;
  #refusalCount = 0;
  readonly #stop: () => void;

  /**
   * @param most How many deliveries are kept.
   * @param onChange Is called with every change.
   */
  constructor(events: Events, most: number, onChange: () => void) {
    this.#most = most;
    this.#onChange = onChange;
    this.#stop = events.listen((event) => this.#note(event));
  }

  close(): void {
    this.#stop();
  }

  get(number: number): Entry | undefined {
    return this.#entries.get(number);
  }

  /** The delivery of an update. */
  numberOf(updateId: number): number | undefined {
    return this.#byUpdate.get(updateId)?.number;
  }

  /** An update with this id will be a replay. */
  expectReplay(updateId: number, of: number): void {
    this.#replays.set(updateId, of);
  }

  /** A parked update was removed. */
  discarded(updateId: number): void {
    const entry = this.#byUpdate.get(updateId);
    if (entry !== undefined) this.#move(entry, "discarded");
  }

  /** Everything, oldest first. */
  all(): { rows: DeliveryRow[]; refusals: RefusalRow[] } {
    return { rows: [...this.#entries.values()].map(rowOf), refusals: [...this.#refusals.values()] };
  }

  /** What has changed since this was asked last. */
  takeChanges(): { rows: DeliveryRow[]; removed: number[]; refusals: RefusalRow[] } {
    const rows = [...this.#changed].flatMap((number) => this.#entries.get(number) ?? []).map(rowOf);
    const refusals = [...this.#changedRefusals].flatMap((number) => this.#refusals.get(number) ?? []);
    const changes = { rows, removed: [...this.#removed], refusals };
    this.forgetChanges();
    return changes;
  }

  /** Nobody needs to be told of what has changed until now. */
  forgetChanges(): void {
    for (const each of [this.#changed, this.#removed, this.#changedRefusals]) each.clear();
  }

  #note(event: WebhookEvent): void {
    switch (event.type) {
      case "received":
        return this.#received(event);
      case "refused":
        return this.#refused(event);
      case "outage":
      case "store":
      case "certificate":
      case "slow":
        return this.#onChange();
    }
    const entry = this.#entryOf(event.update);
    switch (event.type) {
      case "acknowledgedEarly":
        if (event.reason === "part") this.#partOf(event.update, entry);
        return;
      case "mediaGroup": {
        const late = event.late ? " (late: the rest was handled before)" : "";
        entry.complete = `${WHY_COMPLETE[event.reason]}, after ${Math.round(event.waitedMs)} ms${late}`;
        this.#become(entry, event.update);
        return this.#move(entry, "waiting");
      }
      case "started":
        entry.calls = event.attempt;
        if (entry.calls === 1) this.#become(entry, event.update);
        return this.#move(entry, "running");
      case "handled":
        this.#ended(entry, event, "handled", "");
        return this.#move(entry, "done");
      case "failed":
        this.#ended(entry, event, "failed", errorText(event.error));
        return this.#move(entry, event.willRetry ? "retrying" : "givenUp", event.retryAfterMs);
      case "postponed":
        this.#ended(entry, event, "postponed", "The handler asked for a retry later");
        return this.#move(entry, "retrying", event.retryAfterMs);
      case "parked":
        return this.#move(entry, "parked");
      case "duplicate":
        entry.repeats++;
        return this.#change(entry);
      case "answered": {
        const { status, reply } = event;
        entry.answer = reply === undefined ? String(status) : `${status} ${reply.method}`;
        if (reply !== undefined) {
          entry.reply = reply;
          entry.replySent = "in the answer";
        }
        if (status === 503 && entry.state === "waiting") return this.#move(entry, "refused");
        return this.#change(entry);
      }
      case "replySent":
        entry.reply = event.reply;
        entry.replySent = "through the Bot API";
        return this.#change(entry);
      case "replyFailed":
        entry.reply = event.reply;
        entry.replySent = `not sent: ${errorText(event.error)}`;
        return this.#change(entry);
    }
  }

  #received({ update, lane, headers, path }: Received): void {
    const known = this.#byUpdate.get(update.update_id);
    if (known !== undefined) {
      if (known.state === "retrying" || known.state === "refused") this.#move(known, "waiting");
      return;
    }
    this.#add(update, String(lane ?? ""), headers, path);
  }

  #add(update: EventUpdate, lane: string, headers?: Entry["headers"], path?: string): Entry {
    const number = ++this.#count;
    const { kind, summary } = describeUpdate(update);
    const { chat, sender } = describeChat(update);
    const replayOf = this.#replays.get(update.update_id);
    this.#replays.delete(update.update_id);
    const now = Date.now();
    const entry: Entry = {
      ...{
        number,
        at: now,
        updates: [update],
        updateId: update.update_id,
        ids: new Set<number>(),
        group: undefined,
        kind,
        what: summary,
        chat,
        sender,
      },
      ...{ lane: plainText(lane, 60), state: "waiting", since: now, until: undefined, calls: 0, answer: "" },
      ...{ durationMs: undefined, parts: [], complete: "", repeats: 0, replayOf, headers, path },
      ...{ attempts: [], reply: undefined, replySent: "" },
    };
    this.#entries.set(number, entry);
    this.#know(update.update_id, entry);
    this.#trim();
    this.#change(entry);
    return entry;
  }

  #know(updateId: number, entry: Entry): void {
    this.#byUpdate.set(updateId, entry);
    entry.ids.add(updateId);
  }

  /** The entry of an update, or of the media group whose parts it has; a new one for what is older than the inspector. */
  #entryOf(update: EventUpdate): Entry {
    const known = this.#byUpdate.get(albumPartsOf(update)[0]?.update_id ?? update.update_id);
    return known ?? this.#add(update, "");
  }

  /** An update turns out to be a part: its row becomes that of the media group, or is one too many. */
  #partOf(update: EventUpdate, entry: Entry): void {
    const part = { updateId: update.update_id, what: describeUpdate(update).summary, at: Date.now() };
    if (entry.parts.some(({ updateId }) => updateId === part.updateId)) return;
    const key = groupKey(update);
    const group = this.#collecting.get(key);
    if (group === undefined || group === entry) {
      entry.parts.push(part);
      entry.group = key;
      this.#collecting.set(key, entry);
      return this.#move(entry, "collecting");
    }
    group.parts.push(part);
    group.updates.push(update);
    group.repeats += entry.repeats;
    this.#know(update.update_id, group);
    this.#entries.delete(entry.number);
    this.#changed.delete(entry.number);
    this.#removed.add(entry.number);
    this.#change(group);
  }

  /** What the receiver gets: a media group is described as a whole. */
  #become(entry: Entry, update: EventUpdate): void {
    const parts = albumPartsOf(update);
    const [first] = parts;
    if (first === undefined) return;
    this.#collecting.delete(groupKey(first));
    for (const each of parts) this.#know(each.update_id, entry);
    const { kind, summary } = describeUpdate(update);
    const known = new Map(entry.parts.map((part) => [part.updateId, part]));
    entry.updates = [...parts];
    entry.kind = kind;
    entry.what = summary;
    entry.updateId = update.update_id;
    entry.parts = parts.map((each) =>
      known.get(each.update_id) ??
        { updateId: each.update_id, what: describeUpdate(each).summary, at: entry.at }
    );
  }

  #ended(
    entry: Entry,
    { attempt, durationMs }: { readonly attempt: number; readonly durationMs: number },
    outcome: Attempt["outcome"],
    error: string,
  ): void {
    entry.durationMs = durationMs;
    entry.attempts.push({ number: attempt, at: Date.now() - durationMs, durationMs, outcome, error });
    if (entry.attempts.length > MOST_ATTEMPTS) entry.attempts.shift();
  }

  #refused(event: Extract<WebhookEvent, { type: "refused" }>): void {
    const { status, reason } = event;
    const address = plainText(event.address ?? "unknown", 60);
    const path = plainText(event.path ?? "");
    const last = this.#refusals.get(this.#refusalCount);
    const isSame = last !== undefined && last.status === status && last.reason === reason &&
      last.address === address && last.path === path;
    const number = isSame ? last.number : ++this.#refusalCount;
    const count = isSame ? last.count + 1 : 1;
    this.#refusals.set(number, { number, at: Date.now(), status, reason, address, path, count });
    this.#refusals.delete(number - MOST_REFUSALS);
    this.#changedRefusals.add(number);
    this.#onChange();
  }

  #move(entry: Entry, state: DeliveryState, inMs?: number): void {
    const now = Date.now();
    entry.state = state;
    entry.since = now;
    entry.until = inMs === undefined ? undefined : now + inMs;
    this.#change(entry);
  }

  #change({ number }: Entry): void {
    this.#changed.add(number);
    this.#onChange();
  }

  /** Forgets the oldest that has ended, or else the oldest. */
  #trim(): void {
    if (this.#entries.size <= this.#most) return;
    let oldest: Entry | undefined;
    for (const entry of this.#entries.values()) {
      oldest ??= entry;
      if (!isOver(entry.state)) continue;
      oldest = entry;
      break;
    }
    if (oldest === undefined) return;
    this.#entries.delete(oldest.number);
    for (const id of oldest.ids) if (this.#byUpdate.get(id) === oldest) this.#byUpdate.delete(id);
    // It still collects if another process has handled the media group, which this one is not told.
    if (oldest.group !== undefined && this.#collecting.get(oldest.group) === oldest) {
      this.#collecting.delete(oldest.group);
    }
    this.#changed.delete(oldest.number);
    this.#removed.add(oldest.number);
  }
}

function isOver(state: DeliveryState): boolean {
  return state === "done" || state === "givenUp" || state === "discarded";
}

function rowOf(entry: Entry): DeliveryRow {
  const { number, updateId, at, kind, what, chat, sender, lane, state, since, until, answer, durationMs } =
    entry;
  const { parts, complete, repeats, replayOf, attempts } = entry;
  return {
    ...{
      number,
      updateId,
      at,
      kind,
      what,
      chat,
      sender,
      lane,
      state,
      since,
      until,
      attempts: entry.calls,
      answer,
      durationMs,
    },
    ...{ parts: [...parts], complete, error: firstLine(attempts.at(-1)?.error ?? ""), repeats, replayOf },
  };
}

/** The same for all parts of a media group. */
function groupKey(update: Update | EventUpdate): string {
  for (const content of Object.values(update)) {
    if (typeof content !== "object" || content === null || !("media_group_id" in content)) continue;
    const { chat, media_group_id } = content as { chat?: { id?: unknown }; media_group_id: unknown };
    return `${chat?.id} ${media_group_id}`;
  }
  return `update ${update.update_id}`;
}

function firstLine(text: string): string {
  return plainText(text.split("\n", 1)[0] ?? "");
}

function errorText(error: unknown): string {
  return printableText(error instanceof Error ? String(error.stack ?? error) : String(error));
}
