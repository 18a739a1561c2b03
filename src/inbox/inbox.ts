import { checkNumber, wrongAnswer } from "../checks/options.ts";
import type { Events, Origin } from "../events/events.ts";
import type { UpdateReceiver } from "../receiver/receiver.ts";
import { ReceiverClosed } from "../receiver/verdicts.ts";
import { pause, within } from "../platform/pause.ts";
import { BEFORE_CLOSING, untilQuiet } from "../platform/quiet.ts";
import type { WebhookReply } from "../receiver/webhook_reply.ts";
import { LateReplies } from "../replies/late_replies.ts";
import type {
  Added,
  AddMode,
  Awaitable,
  InboxStore,
  Lane,
  ParkedBatch,
  StoreEntry,
  StoreStats,
} from "../store/inbox_store.ts";
import type { Update } from "../updates/mod.ts";
import { AcknowledgementLimit } from "../runner/acknowledgement_limit.ts";
import { IdleWaiters, storeClosed, TimeLimit } from "./closing.ts";
import { Failures } from "../runner/failures.ts";
import type { InboxSettings } from "./inbox_options.ts";
import type { MediaGroupPart } from "../delivery/media_group.ts";
import { ACKNOWLEDGED, CLOSING, type Outcome, OVERLOADED } from "../runner/outcome.ts";
import type { ReportError } from "../runner/report_error.ts";
import { Runner } from "../runner/runner.ts";
import { SeenUpdates } from "../runner/seen_updates.ts";
import { isPromiseLike } from "../platform/promises.ts";
import { addedIn } from "../runner/store_answers.ts";
import { type WaitingUpdate, WaitingUpdates } from "../runner/waiting_updates.ts";
import { Opening } from "./opening.ts";
import { StoreEntries } from "./store_entries.ts";
import { unmerged } from "./unmerged.ts";
import { type Blame, UnstoredUpdates } from "./unstored_updates.ts";

const PARKED_PAGE = 100;
/** Telegram's sender waits for 60 s. An answer must be on its way before. */
const SENDER_WAITS_MS = 55_000;
/** How soon the store is asked again to adopt an update that it has failed to. */
const ADOPT_AGAIN_MS = 1_000;
/** How long closing waits until the store has adopted what still runs. */
const LAST_ADOPTED_MS = 1_000;
/** How often to look whether other processes have handled the rest, while somebody waits for that. */
const OTHERS_MS = 250;

/** How much is under way. */
export interface InboxLoad {
  readonly running: number;
  readonly unanswered: number;
  readonly stored: number;
  readonly isOutage: boolean;
}

/** A copy of an update that is on its way in: it gets the same answer. */
interface Copy {
  readonly id: number;
  readonly answer: (outcome: Awaitable<Outcome>) => void;
}

/**
 * The stage between parsing and dispatching, and the keeper of the invariant: an update is in Telegram's queue until it
 * is acknowledged, and in the store from then until it is handled or parked.
 *
 * An update that has to wait for nothing is passed to the receiver immediately, while its sender waits, and leaves no
 * trace but its id. Every other update goes into the store and takes its turn there, since order is kept nowhere else:
 * parts of albums are acknowledged as soon as they are stored, other updates when their receiver has ended or their
 * sender has waited long enough, whichever is first.
 */
export class Inbox {
  readonly #settings: InboxSettings;
  readonly #store: InboxStore;
  readonly #events: Events;
  readonly #entries: StoreEntries;
  /** Whether an update that finds the store empty may be handled without asking it. */
  readonly #mayPassBy: boolean;
  readonly #seen: SeenUpdates;
  readonly #failures: Failures;
  readonly #unstored: UnstoredUpdates;
  readonly #waiting = new WaitingUpdates();
  readonly #limit: AcknowledgementLimit;
  readonly #replies: LateReplies;
  readonly #runner: Runner;
  readonly #idle = new IdleWaiters();
  /** Calls of the store that add an update, and are under way. */
  readonly #storing = new Set<Promise<unknown>>();
  /** Ids of updates whose way in has not returned yet: the user's functions that it calls may pass in the same ones. */
  readonly #passing: number[] = [];
  #copies: Copy[] = [];
  readonly #opening: Opening;
  #closing: Promise<void> | undefined;
  /** What has come since closing began. */
  #arrivedLate = 0;

  constructor(receiver: UpdateReceiver, settings: InboxSettings, reportError: ReportError, events: Events) {
    this.#settings = settings;
    this.#seen = new SeenUpdates(settings.rememberedUpdates, settings.onDone);
    this.#store = settings.store;
    this.#events = events;
    this.#mayPassBy = !this.#store.isDurable && !this.#store.isShared && settings.lane === undefined;
    this.#failures = new Failures(
      { ...settings, hasOthers: this.#store.isShared || this.#store.isDurable },
      (isOutage, lanes) => {
        events.outage(isOutage ? "began" : "ended", lanes);
        if (!isOutage) this.#runner.claims.wake(0);
      },
    );
    this.#entries = new StoreEntries(settings, receiver, (id) => this.#failures.triesOf(id));
    this.#unstored = new UnstoredUpdates(settings, this.#seen, events, reportError);
    this.#limit = new AcknowledgementLimit(
      this.#waiting,
      settings.acknowledgeWithinMs,
      (overdue) => this.#onOverdue(overdue),
    );
    this.#replies = new LateReplies(settings.replies, events);
    const { laneOrOwn } = this.#entries;
    this.#runner = new Runner({
      ...{ receiver: unmerged(receiver, settings), settings, reportError, events },
      seen: this.#seen,
      failures: this.#failures,
      waiting: this.#waiting,
      limit: this.#limit,
      replies: this.#replies,
      laneOf: laneOrOwn,
      entryOf: (update, json, chars) => this.#entries.entryOf(update, json, chars, { laneOf: laneOrOwn }),
      onRest: () => this.#tellIdle(),
    });
    const { claims } = this.#runner;
    this.#opening = new Opening(
      this.#store,
      {
        wake: (inMs) => claims.wake(inMs),
        lost: (batch) => this.#runner.lost(batch),
        failed: (error) => events.storeFailed(error),
      },
      events,
      () => claims.wake(0),
    );
  }

  /**
   * Opens the store, and begins with what is in it. If this is not called, the first update does it.
   *
   * @throws What the store throws if it cannot be used.
   */
  open(): Promise<void> {
    return this.#opening.open();
  }

  /** Opens the store, and again until that works. Never rejects. */
  openAtLast(): Promise<void> {
    return this.#opening.openAtLast();
  }

  /**
   * Receives an update.
   *
   * @param json The update's JSON as it came, if it is known.
   * @param chars Its size in characters, if that is known.
   * @param origin Tells who sent it, for the events.
   * @returns What became of it, synchronously if nothing has to be awaited.
   */
  receive(update: Update, json?: string, chars?: number, origin?: () => Origin): Awaitable<Outcome> {
    if (this.#events.hasListeners) this.#events.received(update, this.#laneIfKnown(update), origin);
    return this.#receive(update, json, chars);
  }

  /** The lane in which an update is handled. Never throws. */
  laneOf(update: Update): Lane {
    return this.#entries.laneOrOwn(update);
  }

  /** Sends the reply to an update that nobody waits for the answer to. Closing ends it, and it is reported then. */
  sendReply(update: Update, reply: WebhookReply): Promise<void> {
    return this.#runner.sendReply(update, 1, reply);
  }

  /** The lane, unless the user's own function for it fails, which is the affair of the update's handling. */
  #laneIfKnown(update: Update): Lane | undefined {
    try {
      return this.#entries.laneOf(update);
    } catch {
      return undefined;
    }
  }

  #receive(update: Update, json: string | undefined, chars: number | undefined): Awaitable<Outcome> {
    if (this.#closing !== undefined) {
      this.#arrivedLate++;
      if (!this.#isKeptWhileClosing(update)) return CLOSING;
    } else if (!this.#opening.isOpen) return this.#receiveOnceOpen(update, json, chars);
    if (this.#seen.has(update.update_id)) return this.#duplicate(update);
    const twin = this.#waiting.get(update.update_id);
    if (twin !== undefined) {
      this.#events.duplicate(update);
      twin.isAwaited = true;
      return twin.outcome;
    }
    const { update_id: id } = update; // as it came, even if a handler changes it
    if (this.#passing.includes(id)) {
      this.#events.duplicate(update);
      return new Promise((answer) => this.#copies.push({ id, answer }));
    }
    this.#passing.push(id);
    try {
      const outcome = this.#pass(update, json, chars);
      if (this.#copies.length > 0) this.#answerCopies(id, outcome);
      return outcome;
    } finally {
      this.#passing.pop();
    }
  }

  /**
   * A part of an album needs nothing but the store, where other processes go on with it. Refused, it would come again after
   * a second, which is too late for its album.
   */
  #isKeptWhileClosing(update: Update): boolean {
    if (!this.#store.isDurable || !this.#opening.isOpen) return false;
    return this.#entries.partToMerge(update) !== undefined;
  }

  #answerCopies(ofId: number, outcome: Awaitable<Outcome>): void {
    const copies = this.#copies;
    this.#copies = copies.filter(({ id }) => id !== ofId);
    for (const { id, answer } of copies) if (id === ofId) answer(outcome);
  }

  /** Passes on an update that is news here. */
  #pass(update: Update, json: string | undefined, chars: number | undefined): Awaitable<Outcome> {
    const part = this.#entries.partToMerge(update);
    if (this.isOverloaded) {
      // What an album that collects here lacks is worth more than the limit.
      return part === undefined ? OVERLOADED : this.#keep(update, json, chars, part, "join");
    }
    let isKept = part !== undefined;
    try {
      isKept ||= this.#acknowledgeOf(update) === "received";
    } catch (error) {
      return this.#refuseOwn(update, json, chars, error);
    }
    if (isKept) {
      // A store that has to be asked is asked once less for it.
      const mayClaim = part === undefined && this.#store.isShared && this.#runner.claims.mayClaimAdded;
      return this.#keep(update, json, chars, part, mayClaim ? "claim" : "append");
    }
    if (this.#failures.isOutage) {
      const source = this.#failures.sourceOf(update);
      if (this.#failures.pauseMs(source) > 0) {
        return { type: "outage", retryAfterMs: this.#failures.retryAfterMs(update) };
      }
      this.#failures.probe(source);
    }
    if (this.#mayPassBy && this.#store.count === 0 && !this.#runner.isFull) {
      return this.#runner.run(update, json, chars);
    }
    return this.#takeTurn(update, json, chars);
  }

  /** How much is under way. */
  get load(): InboxLoad {
    return {
      running: this.#runner.running,
      unanswered: this.#waiting.size,
      stored: this.#store.count,
      isOutage: this.#failures.isOutage,
    };
  }

  /** Whether anything goes on after what was answered. */
  get isBusy(): boolean {
    return !this.#isIdle(this.#store.count);
  }

  get isClosing(): boolean {
    return this.#closing !== undefined;
  }

  get isOverloaded(): boolean {
    const { maxPending, maxPendingChars } = this.#settings;
    return this.#waiting.outsideStore + this.#store.count >= maxPending ||
      this.#store.chars >= maxPendingChars;
  }

  /** Milliseconds since the latest failure of the receiver, during an outage; `Infinity` if there is none. */
  get outageFailedMsAgo(): number {
    return this.#failures.outageFailedMsAgo;
  }

  /** What is in the store, of this process and others. */
  storeStats(): Awaitable<StoreStats> {
    return this.#store.stats();
  }

  /**
   * Resolves when nothing that was received here is left unhandled, when the inbox is closed, or when a later caller waits
   * and nothing runs: what is pending needs one request to live on, on platforms where timers end with requests.
   */
  async idle(): Promise<void> {
    if (!this.isBusy) return;
    if (this.#runner.running === 0 && !this.#runner.claims.isExpecting) this.#idle.tell();
    if (!this.#store.isShared) return await this.#idle.wait();
    let isOver = false;
    const told = this.#idle.wait().then(() => isOver = true);
    // Nobody tells of what other processes have handled: it is looked for.
    while (!isOver && this.isBusy) await Promise.race([told, pause(OTHERS_MS)]);
  }

  /** What is parked, page by page. */
  async *parked(): AsyncIterable<ParkedBatch> {
    await this.open();
    for (let after = -1;;) {
      const page = await this.#store.parked(after, PARKED_PAGE);
      yield* page;
      const last = page.at(-1);
      if (last === undefined) return; // a page that is not full may be so because of its size
      after = last.id;
    }
  }

  async replay(id: number): Promise<boolean> {
    await this.open();
    return await this.#store.replay(checkId(id));
  }

  async discard(id: number): Promise<boolean> {
    await this.open();
    return await this.#store.discard(checkId(id));
  }

  /**
   * Sets timers again in the request that is being answered: on platforms where a timer ends with the request that has set
   * it.
   */
  rearm(): void {
    this.#limit.rearm();
    this.#runner.rearm();
  }

  /** Lets what has waited begin in the request that is being answered, until the promise is settled: on Workers. */
  carry(until: Promise<unknown>): void {
    this.#runner.claims.carry(until);
  }

  /**
   * Receives nothing more, waits for what runs, and for at most that many milliseconds; then aborts it. With a store in
   * memory, pending albums are handled first; a durable store keeps what it has, and takes parts of albums until its end.
   */
  close(timeoutMs: number): Promise<void> {
    return this.#closing ??= this.#close(timeoutMs);
  }

  #receiveOnceOpen(update: Update, json: string | undefined, chars: number | undefined): Awaitable<Outcome> {
    const opening = this.open();
    if (this.#opening.isOpen) return this.#receive(update, json, chars); // a store in memory opens synchronously
    return opening.then(
      () => this.#receive(update, json, chars),
      (error) => this.#refuse(update, error),
    );
  }

  #acknowledgeOf(update: Update): "handled" | "received" {
    const { acknowledge } = this.#settings;
    if (typeof acknowledge !== "function") return acknowledge;
    const when: unknown = acknowledge(update);
    if (when === "handled" || when === "received") return when;
    throw wrongAnswer("acknowledge", '"handled" or "received"', when);
  }

  /** Acknowledges an update as soon as the store has it. */
  #keep(
    update: Update,
    json: string | undefined,
    chars: number | undefined,
    part: MediaGroupPart | undefined,
    mode: "append" | "claim" | "join",
  ): Awaitable<Outcome> {
    let entry: StoreEntry;
    try {
      entry = this.#entries.entryOf(update, json, chars, { part });
    } catch (error) {
      return this.#refuseOwn(update, json, chars, error);
    }
    let added: Awaitable<Added>;
    try {
      added = this.#add(entry, mode);
    } catch (error) {
      return this.#refuse(update, error);
    }
    if (!isPromiseLike(added)) return this.#kept(update, part, added);
    const waiting = this.#waiting.begin(update, json, chars, "storing"); // a copy waits for the same answer
    if (mode === "claim") this.#expect(added);
    added.then(
      (late) => this.#answer(waiting, this.#kept(update, part, late)),
      (error) => this.#answer(waiting, this.#refuse(update, error)),
    );
    return waiting.outcome;
  }

  /** Keeps room for a call until the store has told whether it may begin. */
  #expect(added: Promise<Added>): void {
    this.#runner.claims.expect();
    const ended = () => this.#runner.claims.expected();
    void added.then(ended, ended);
  }

  #kept(update: Update, part: MediaGroupPart | undefined, added: Added): Outcome {
    if (added === "alone") return OVERLOADED;
    if (added === "known") return this.#duplicate(update);
    this.#events.acknowledgedEarly(update, part === undefined ? "received" : "part");
    this.#seen.acknowledged(update.update_id);
    if (typeof added === "object") void this.#runner.claims.startSoon(added);
    return ACKNOWLEDGED;
  }

  /** Handles an update if it may be handled, and otherwise puts it into the store, where it waits for its turn. */
  #takeTurn(update: Update, json: string | undefined, chars: number | undefined): Awaitable<Outcome> {
    const isOrdered = this.#settings.lane === undefined; // by Telegram's sender
    const mode: AddMode = this.#runner.isFull ? "append" : isOrdered ? "behind" : "claim";
    let entry: StoreEntry;
    try {
      entry = this.#entries.entryOf(update, json, chars, { reservedMs: this.#settings.acknowledgeWithinMs });
    } catch (error) {
      return this.#refuseOwn(update, json, chars, error);
    }
    let added: Awaitable<Added>;
    try {
      added = this.#add(entry, mode);
    } catch (error) {
      return this.#refuse(update, error);
    }
    if (added === "alone") return this.#runner.run(update, json, chars);
    const waiting = this.#waiting.begin(update, json, chars, "storing");
    waiting.isAsking = mode === "behind";
    this.#awaitStore(waiting, entry, added);
    return waiting.outcome;
  }

  #awaitStore(waiting: WaitingUpdate, entry: StoreEntry, added: Awaitable<Added>): void {
    if (!isPromiseLike(added)) return this.#awaitTurn(waiting, entry, added);
    this.#limit.begin();
    this.#expect(added);
    added.then(
      (late) => this.#awaitTurn(waiting, entry, late),
      (error) => this.#answer(waiting, this.#refuse(waiting.update, error)),
    );
  }

  #awaitTurn(waiting: WaitingUpdate, entry: StoreEntry, added: Added): void {
    const { update, json, chars } = waiting;
    waiting.isAsking = false;
    if (this.#waiting.get(update.update_id) !== waiting) {
      // Its sender was told to send it again, since this closes. The store has it for the next start, or ends with it.
      return;
    }
    if (added === "alone") {
      // What the store had of it, though it had said that it could not be stored, was handled meanwhile.
      if (this.#seen.has(update.update_id)) return this.#answer(waiting, this.#duplicate(update));
      if (!this.#runner.isFull) {
        void this.#runner.run(update, json, chars, waiting);
        if (waiting.place === "receiver" && this.#limit.isOver(waiting)) this.#onOverdue(waiting);
        return;
      }
      try {
        return this.#awaitStore(waiting, entry, this.#add(entry, "append")); // others were quicker
      } catch (error) {
        return this.#answer(waiting, this.#refuse(update, error));
      }
    }
    if (typeof added !== "object") this.#failures.passed(); // should it have been let through as a probe
    if (added === "known") return this.#answer(waiting, this.#duplicate(update));
    if (added === "added") {
      // Where a store has several connections, it may have been claimed before this answer came.
      if (this.#seen.has(waiting.id)) return this.#answer(waiting, ACKNOWLEDGED);
      if (this.#runner.isRunning(waiting.id)) return this.#acknowledge(waiting, "running");
    }
    this.#waiting.stored(waiting);
    this.#limit.begin();
    if (added !== "added") void this.#runner.start(added);
    if (waiting.place !== "store") return;
    const isForNextStart = this.#closing !== undefined && this.#store.isDurable && !waiting.isRunning;
    if (isForNextStart || this.#limit.isOver(waiting)) this.#onOverdue(waiting);
  }

  /** A sender has waited long enough. While a store in memory closes, what is not acknowledged stays Telegram's. */
  #onOverdue(overdue: WaitingUpdate): void {
    if (this.#closing !== undefined && !this.#store.isDurable) return;
    const { place } = overdue;
    if (place === "settling" && !this.#store.isDurable) return; // it may be told to send it again
    if (place === "store" || place === "settling") {
      return this.#acknowledge(overdue, overdue.isRunning ? "running" : "waiting");
    }
    overdue.adopted = Promise.resolve().then(() => this.#adopt(overdue)); // known before it can fail
  }

  /** The receiver still runs: its update becomes a batch that is claimed already. */
  async #adopt(running: WaitingUpdate): Promise<void> {
    const { id, json, chars } = running;
    const update = { ...running.update, update_id: id }; // as it came, even if the handler changes it
    try {
      const added = await this.#add(this.#entries.entryOf(update, json, chars), "adopt");
      this.#runner.adopted(running, typeof added === "object" ? added : undefined);
      this.#acknowledge(running, "running");
    } catch (error) {
      if (this.#waiting.get(id) !== running) return; // this has closed
      // A sender that is told to send it again could send it to a process that does not know of this call.
      if (running.hasEnded) return void this.#events.storeFailed(error);
      if (this.#mayWaitLonger(running)) return this.#adoptSoon(running, error);
      // Telegram sends it again, and then waits for the same call; unless that comes to another process.
      this.#waiting.renew(running, this.#refuse(update, error, { isRunning: true }));
      this.#limit.begin();
    } finally {
      running.adopted = undefined;
    }
  }

  /** Whether a sender may wait longer than the limit, while a copy could come to a process that does not know of this call. */
  #mayWaitLonger({ since }: WaitingUpdate): boolean {
    const mostMs = Math.min(2 * this.#settings.acknowledgeWithinMs, SENDER_WAITS_MS);
    return this.#store.isShared && this.#closing === undefined && performance.now() - since < mostMs;
  }

  /** Lets the store be asked again to adopt an update, unless its receiver has ended by then. */
  #adoptSoon(running: WaitingUpdate, error: unknown): void {
    this.#events.storeFailed(error);
    running.adoptedAfter = performance.now() + Math.min(this.#settings.acknowledgeWithinMs, ADOPT_AGAIN_MS);
    running.adopted = undefined;
    this.#limit.lookAt(running.adoptedAfter);
  }

  #acknowledge(overdue: WaitingUpdate, reason: "running" | "waiting"): void {
    this.#events.acknowledgedEarly(overdue.update, reason);
    this.#seen.acknowledged(overdue.id);
    overdue.isAwaited = false; // the reply, if there is one, needs another way
    this.#answer(overdue, ACKNOWLEDGED);
  }

  #answer(waiting: WaitingUpdate, outcome: Outcome): void {
    this.#waiting.end(waiting, outcome);
    this.#limit.end();
    this.#tellIdle();
  }

  /** A repeat gets the reply of the first answer, which may have been lost. */
  #duplicate(update: Update): Outcome {
    this.#events.duplicate(update);
    const reply = this.#replies.keptFor(update.update_id);
    return reply === undefined ? ACKNOWLEDGED : { type: "replied", reply };
  }

  /** An update that could not be stored: should it have been let through as a probe, it has shown nothing. */
  #refuse(update: Update, error: unknown, blame?: Blame): Outcome {
    this.#failures.passed();
    return this.#unstored.failed(update, error, blame);
  }

  /** What the store needs to know of an update could not be told: in the end it is parked, as if its handler had failed. */
  #refuseOwn(
    update: Update,
    json: string | undefined,
    chars: number | undefined,
    error: unknown,
  ): Awaitable<Outcome> {
    const attempt = this.#unstored.attemptsOf(update.update_id) + 1;
    const outcome = this.#refuse(update, error, { isOwn: true });
    if (outcome !== ACKNOWLEDGED) return outcome;
    return this.#runner.givingUp.parkUnstored(update.update_id, update, json, chars, attempt, error);
  }

  #add(entry: StoreEntry, mode: AddMode): Awaitable<Added> {
    const added = addedIn(this.#store.add(entry, mode));
    if (!isPromiseLike(added)) {
      this.#noteAdded(entry, added);
      return added;
    }
    this.#storing.add(added);
    const ended = () => {
      this.#storing.delete(added);
      this.#tellIdle();
    };
    void added.then((late) => {
      this.#noteAdded(entry, late);
      ended();
    }, ended);
    return added;
  }

  /** Only what was written shows that a store works: one whose disk is full can still be read. */
  #noteAdded({ update: { update_id }, lane }: StoreEntry, added: Added): void {
    if (added === "alone" || added === "known") return;
    this.#events.storeWorked();
    this.#unstored.stored(update_id, lane);
  }

  async #close(timeoutMs: number): Promise<void> {
    const limit = new TimeLimit(timeoutMs);
    await Promise.race([this.#prepareToClose(), limit.over]);
    if (this.#store.isDurable && this.#store.count > 0) {
      // The next parts of the albums that collect are on their way, over connections that are still open.
      const limitMs = Math.min(BEFORE_CLOSING.limitMs, limit.leftMs);
      await untilQuiet(() => this.#arrivedLate, { ...BEFORE_CLOSING, limitMs });
    }
    // Asked again after each wait: more may have begun since the moment that it waited for.
    while (!this.#isDone() && !limit.isOver) await Promise.race([this.#idle.wait(), limit.over]);
    limit.stop();
    const { others } = this.#runner;
    if (this.#store.isDurable && this.#opening.isOpen) await this.#adoptAll();
    const error = new ReceiverClosed(`Closed before the handler had ended, after ${timeoutMs} ms`);
    this.#limit.stop();
    // What was handled waits only for its reply, and must not be sent again.
    const left = this.#waiting.close((id) => this.#seen.isDone(id) ? ACKNOWLEDGED : CLOSING);
    const unanswered = new Set(left.map(({ id }) => id));
    this.#opening.closed();
    try {
      await this.#runner.reportLost(await storeClosed(this.#runner.close(error, others)), unanswered);
    } finally {
      this.#idle.tell();
    }
  }

  /** What runs too long to be waited for: the store is to know how often that was. */
  async #adoptAll(): Promise<void> {
    const adopted: (Promise<void> | undefined)[] = [];
    for (const each of [...this.#waiting.values()]) {
      if (each.adopted === undefined && each.place === "receiver") this.#onOverdue(each);
      adopted.push(each.adopted);
    }
    if (adopted.length > 0) await within(LAST_ADOPTED_MS, Promise.all(adopted)).catch(() => {}); // it is sent again
  }

  async #prepareToClose(): Promise<void> {
    if (this.#store.isDurable) this.#runner.claims.stop();
    await this.#opening.end();
    if (this.#store.isDurable) {
      // What the store has is safe there.
      for (const each of [...this.#waiting.values()]) {
        if (each.place === "store" && !each.isRunning) this.#acknowledge(each, "waiting");
      }
      return;
    }
    await Promise.allSettled(this.#storing); // a part that is stored after the flush would be forgotten
    try {
      await this.#store.flush?.();
    } catch (error) {
      this.#events.storeFailed(error);
    }
  }

  /**
   * When closing is done. What a durable store has stays there, albums that collect too: another process or the next start
   * goes on with it.
   */
  #isDone(): boolean {
    return this.#isIdle(this.#store.isDurable ? 0 : this.#store.count);
  }

  /** Whether nothing runs or is about to, nobody waits for an answer, and nothing is left of what is stored. */
  #isIdle(stored: number): boolean {
    return this.#runner.running === 0 && this.#waiting.size === 0 && this.#storing.size === 0 &&
      stored === 0 &&
      !this.#runner.claims.isExpecting;
  }

  #tellIdle(): void {
    if (this.#idle.hasWaiters && (this.#closing === undefined ? !this.isBusy : this.#isDone())) {
      this.#idle.tell();
    }
  }
}

function checkId(id: unknown): number {
  return checkNumber("id", id ?? NaN, { default: 0, min: 0, max: Number.MAX_SAFE_INTEGER });
}
