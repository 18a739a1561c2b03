import { checkOptionNames } from "../checks/options.ts";
import { AllowedKinds } from "./api/allowed_updates.ts";
import type { Answerer, BotCall } from "./api/calls.ts";
import { LongPolling } from "./api/get_updates.ts";
import { type ManagedBots, Methods } from "./api/methods.ts";
import type { Parameters } from "./api/parameters.ts";
import {
  type MethodResult,
  type RegisteredWebhook,
  type TestWebhook,
  WebhookRegistration,
} from "./api/webhook_registration.ts";
import { CallFaults } from "./call_faults.ts";
import { type Clock, VirtualClock } from "./clock.ts";
import { Delivery } from "./delivery.ts";
import { Faults } from "./faults.ts";
import type { Network } from "./network.ts";
import { checkWaitMs, type TestBotApiOptions, type TestBotOptions } from "./options.ts";
import { PendingUpdates } from "./pending_updates.ts";
import { Conversation } from "./script/conversation.ts";
import { World } from "./script/world.ts";
import {
  postUnauthenticated,
  type UnauthenticatedAnswer,
  type UnauthenticatedRequest,
} from "./unauthenticated_post.ts";
import type { TestUpdate } from "./update_kinds.ts";
import { WebhookSender } from "./webhook_sender.ts";

/** How `deliver` treats one update. */
export interface DeliverOptions {
  /** Send it even if `allowed_updates` leaves its kind out. Default: false. */
  evenIfNotAllowed?: boolean;
}

/** What a test waits for, and for how long. */
export interface WaitOptions {
  /** Only for a call for which this is true. Default: any. */
  when?: (call: BotCall) => boolean;
  /** For how many real milliseconds. Default: the test server's `waitMs`. */
  timeoutMs?: number;
}

/** What the bots of one test server share. */
export interface BotHost<C extends Clock> {
  readonly options: TestBotApiOptions<C>;
  readonly clock: C;
  readonly network: Network;
  /** The bots that this one manages. */
  readonly managed: ManagedBots;
  /** Whether anybody owes an answer may be different now. */
  changed(): void;
}

/** A bot that a test server knows, with its own webhook, updates and calls. */
export class TestBot<C extends Clock = Clock> extends Conversation {
  /** The time that it lives by. */
  readonly clock: C;
  /** Where faults of deliveries are planned: `telegram.faults.add({ loseAnswer: true })`. */
  readonly faults: Faults = new Faults();
  /** Where faults of the bot's own calls are planned: `telegram.callFaults.add({ tooManyRequests: 5 })`. */
  readonly callFaults: CallFaults = new CallFaults();
  /** Protocol violations by the webhook: bytes behind an answer, interim answers. Empty when all is well. */
  readonly violations: string[] = [];
  /** What lies between the test server and the webhooks: delays, routes, outages. All bots share it. */
  readonly network: Network;

  #token: string;
  /**
   * What the bots of one test server share.
   *
   * @internal
   */
  protected readonly host: BotHost<C>;
  #world: World;
  #pending: PendingUpdates;
  #allowed = new AllowedKinds();
  #registration: WebhookRegistration;
  #polling: LongPolling;
  #methods: Methods;
  #sender: WebhookSender | undefined;
  #nextUpdateId: number;
  #isPaused = false;
  #requestsUnderWay = 0;

  /**
   * Use `startTestBotApi` or `telegram.addBot()`.
   *
   * @internal
   */
  constructor(
    { token = "123456:TEST-TOKEN", bot, firstUpdateId = 100_000_001 }: TestBotOptions,
    host: BotHost<C>,
  ) {
    const { options, clock, network } = host;
    const id = Number.parseInt(token, 10);
    const now = () => clock.now();
    const world = new World({ id, is_bot: true, first_name: "Test Bot", username: "test_bot", ...bot }, now);
    super(world, (update) => this.deliver(update), (created) => host.managed.add(created));
    this.#token = token;
    this.clock = clock;
    this.network = network;
    this.host = host;
    this.#world = world;
    this.#nextUpdateId = firstUpdateId;
    this.#pending = new PendingUpdates(now);
    this.#registration = new WebhookRegistration({
      pending: this.#pending,
      clock,
      allowed: this.#allowed,
      isStrict: options.strict ?? false,
      network,
      authorities: options.authorities,
      beforeSet: () => this.#polling.abort("Conflict: terminated by setWebhook request"),
      onChange: (webhook) => this.#replaceSender(webhook),
    });
    const hasWebhook = () => this.#registration.webhook !== undefined;
    this.#polling = new LongPolling(this.#pending, clock, this.#allowed, hasWebhook);
    this.#methods = new Methods(this.#registration, this.#polling, world, now, host.managed);
  }

  /** Its token. */
  get token(): string {
    return this.#token;
  }

  /** Its id: the number that the token starts with. */
  get id(): number {
    return this.#world.bot.id;
  }

  /** The webhook that is set, if any. */
  get webhook(): TestWebhook | undefined {
    return this.#registration.webhook;
  }

  /** How many connections to the webhook are open. */
  get connections(): number {
    return this.#sender?.connections ?? 0;
  }

  /** Whether a `getUpdates` waits for an update. */
  get isPolled(): boolean {
    return this.#polling.isWaiting;
  }

  /** How many updates wait or are under way: `pending_update_count`. */
  get pending(): number {
    return this.#pending.size;
  }

  /**
   * Every call that the bot made, the oldest first, without those about updates and the bot itself: `setWebhook`,
   * `deleteWebhook`, `getWebhookInfo`, `getUpdates` and `getMe`.
   */
  get calls(): BotCall[] {
    return this.#methods.log.calls;
  }

  /**
   * Has something happen in Telegram: puts an update at the end of its queue.
   *
   * @param update The update. Without an `update_id` it gets the next one, which it uses up if it is queued.
   * @returns The update on its way; await it to learn how it was answered.
   */
  deliver(update: { update_id?: number; [kind: string]: unknown }, options: DeliverOptions = {}): Delivery {
    checkOptionNames("deliver", options, ["evenIfNotAllowed"]);
    const { update_id = this.#nextUpdateId, ...payload } = update;
    const delivery = new Delivery({ update_id, ...payload }, this.clock.now(), () => this.#patience());
    this.#world.noteUpdate(delivery.update);
    if (!this.#allowed.has(delivery.kind) && !options.evenIfNotAllowed) delivery.end("not allowed");
    else this.#pending.add(delivery);
    // Telegram numbers what it queues, so that a bot sees no gap where it did not ask for something.
    if (!delivery.outcome) this.#nextUpdateId = Math.max(this.#nextUpdateId, update_id + 1);
    if (this.#sender) this.#sender.wake();
    else this.#polling.wake();
    return delivery;
  }

  /** Resolves once no update waits or is under way. */
  idle(): Promise<void> {
    return this.#pending.whenEmpty();
  }

  /**
   * Lets the test answer calls of this method from now on. Without that a method gives a plausible result.
   *
   * @param method The method, in any case. One that the Bot API does not have yet is known from now on.
   * @param answerer Returns the result or throws a `BotApiRefusal`.
   */
  answer(method: string, answerer: Answerer): void {
    this.#methods.answer(method, answerer);
  }

  /**
   * Resolves with the next call of a method that no earlier `nextCall` gave out, past or to come, once it has its result
   * or error. Inside an answerer of that method it also gives the call that is being answered.
   *
   * @param method The method, in any case.
   * @param options Which call, and for how long to wait; or only a function that tells which.
   * @throws {TypeError} if the Bot API has no such method.
   * @throws {Error} if no such call arrives in time.
   */
  nextCall(method: string, options: WaitOptions | WaitOptions["when"] = {}): Promise<BotCall> {
    const { when, timeoutMs = this.#waitMs } = typeof options === "function" ? { when: options } : options;
    checkOptionNames("nextCall", typeof options === "function" ? {} : options, ["when", "timeoutMs"]);
    checkWaitMs("timeoutMs", timeoutMs);
    this.#methods.checkName(method);
    return this.#methods.log.next(method, when, timeoutMs, () => this.#whatHappened());
  }

  /** Sends nothing to the webhook until {@link resume}. */
  pause(): void {
    this.#isPaused = true;
    this.#sender?.pause();
  }

  /** Goes on after {@link pause}. */
  resume(): void {
    this.#isPaused = false;
    this.#sender?.resume();
  }

  /** Changes the order of the updates that were not sent yet; {@link pause} first to have all of them. */
  reorder(order: (waiting: Delivery[]) => Delivery[]): void {
    this.#pending.reorder(order);
  }

  /**
   * Has another instance of the bot poll: it takes what waits, or ends the poll of the bot with 409 and waits itself.
   *
   * @param parameters The parameters of `getUpdates`, such as `{ timeout: 30 }`.
   * @returns The updates.
   * @throws {BotApiRefusal} 409 if the bot polls meanwhile, or a webhook is set.
   */
  pollElsewhere(parameters: Parameters = {}): Promise<TestUpdate[]> {
    return this.#polling.poll(parameters);
  }

  /**
   * Posts something to the webhook that is not from Telegram.
   *
   * @throws {Error} if no webhook is set.
   */
  async unauthenticatedPost(request: UnauthenticatedRequest): Promise<UnauthenticatedAnswer> {
    const webhook = this.#registration.webhook;
    if (!webhook) throw new Error("No webhook is set to post to: have the bot call setWebhook first");
    return await postUnauthenticated(webhook, request);
  }

  /**
   * Carries out a call; the test server calls this.
   *
   * @internal
   */
  async request(method: string, parameters: Parameters): Promise<MethodResult> {
    this.#requestsUnderWay++;
    return await this.#methods.request(method, parameters).finally(() => {
      this.#requestsUnderWay--;
      this.host.changed();
    });
  }

  /**
   * How many answers the bot and its webhook owe; the test server asks this.
   *
   * @internal
   */
  get owed(): number {
    return (this.#sender?.busy ?? 0) + this.#requestsUnderWay - (this.#polling.isWaiting ? 1 : 0);
  }

  /**
   * Gives it another token; the test server calls this.
   *
   * @internal
   */
  replaceToken(token: string): void {
    this.#token = token;
  }

  /**
   * Closes every connection to the webhook and drops what waits; the test server calls this.
   *
   * @internal
   */
  stop(): void {
    this.#registration.remove();
    this.#polling.close();
    this.#pending.clear();
    this.#methods.log.stopWaiting();
  }

  get #waitMs(): number {
    return this.host.options.waitMs ?? 4000;
  }

  /** For how long a test may wait for a delivery, and why nothing will arrive; `undefined` if that is not known. */
  #patience(): { waitMs: number; look: () => string | undefined } | undefined {
    const isVirtual = this.clock instanceof VirtualClock;
    const isReached = () => this.#registration.webhook !== undefined || this.#polling.isWaiting;
    const isPolled = this.#registration.webhook === undefined && this.#polling.isWaiting;
    if (!Number.isFinite(this.#waitMs) || (!isVirtual && isPolled)) return undefined;
    const began = this.clock.now();
    let seen = began;
    return {
      waitMs: this.#waitMs,
      look: () => {
        if (!isReached()) return "no webhook is set and nobody calls getUpdates";
        const stood = seen === this.clock.now();
        seen = this.clock.now();
        if (this.owed > 0 || (isVirtual && !stood)) return undefined;
        if (this.#isPaused) return "the test server is paused: call resume()";
        return isVirtual
          ? "the clock stands still: move it with clock.advance()"
          : this.#registration.errorSince(began);
      },
    };
  }

  /** The error text for a test whose call did not arrive in time. */
  #whatHappened(): string {
    const counts = new Map<string, number>();
    for (const { method } of this.calls) counts.set(method, (counts.get(method) ?? 0) + 1);
    const calls = [...counts].map(([method, count]) => count > 1 ? `${method} (${count} times)` : method)
      .join(", ");
    const receiver = this.#registration.webhook
      ? ""
      : this.#polling.isWaiting
      ? "; it polls"
      : "; no webhook is set and nobody calls getUpdates";
    const waiting = this.pending === 1 ? "1 update is" : `${this.pending} updates are`;
    return `the bot called ${calls || "nothing"}; ${waiting} not acknowledged${receiver}`;
  }

  #replaceSender(webhook: RegisteredWebhook | undefined): void {
    this.#sender?.close();
    this.#sender = webhook && new WebhookSender({
      pending: this.#pending,
      clock: this.clock,
      faults: this.faults,
      random: this.host.options.random ?? Math.random,
      target: { ...webhook.parts, secretToken: webhook.secretToken },
      destination: webhook.destination,
      network: this.network,
      maxConnections: webhook.maxConnections,
      isPaused: this.#isPaused,
      onError: (message) => this.#registration.noteError(message),
      onSuccess: ({ headers, bytes }) => this.#methods.webhookReply(headers.get("content-type") ?? "", bytes),
      onGone: () => this.#registration.remove(),
      onViolation: (message) => this.violations.push(message),
      onChange: () => this.host.changed(),
    });
    this.host.changed();
  }
}
