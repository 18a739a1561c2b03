/// <reference lib="esnext.disposable" preserve="true" />
// Symbol.asyncDispose is part of the published types, and not of every consumer's lib.
import { AllowedUpdates } from "./api/allowed_updates.ts";
import { ApiServer } from "./api/api_server.ts";
import { Backlog } from "./backlog.ts";
import type { Answerer, BotCall } from "./api/calls.ts";
import { type Clock, VirtualClock } from "./clock.ts";
import { Delivery } from "./delivery.ts";
import { Faults } from "./faults.ts";
import { LongPolling } from "./api/get_updates.ts";
import { Methods } from "./api/methods.ts";
import type { TestBotApiOptions } from "./options.ts";
import { Quiet } from "./quiet.ts";
import { Conversation } from "./script/conversation.ts";
import { World } from "./script/world.ts";
import { postAsStranger, type StrangersAnswer, type StrangersRequest } from "./stranger.ts";
import { type RegisteredWebhook, type Webhook, WebhookRegistration } from "./api/webhook_registration.ts";
import { WebhookSender } from "./webhook_sender.ts";

/** How `deliver` treats one update. */
export interface DeliverOptions {
  /** Send it even if `allowed_updates` leaves its kind out. Default: false. */
  evenIfNotAllowed?: boolean;
}

/** A Bot API server for tests. Make one with {@link startTestBotApi}. */
export class TestBotApi<C extends Clock = Clock> extends Conversation {
  /** The token of the bot. */
  readonly token: string;
  /** The time that it lives by. */
  readonly clock: C;
  /** Where faults are planned: `telegram.faults.add({ loseAnswer: true })`. */
  readonly faults: Faults = new Faults();
  /** The webhook's misdeeds: bytes behind an answer, interim answers. Empty when all is well. */
  readonly violations: string[] = [];

  #options: TestBotApiOptions<C>;
  #world: World;
  #server: ApiServer;
  #address = { hostname: "127.0.0.1", port: 0 };
  #backlog: Backlog;
  #allowed = new AllowedUpdates();
  #registration: WebhookRegistration;
  #polling: LongPolling;
  #methods: Methods;
  #sender: WebhookSender | undefined;
  #nextUpdateId: number;
  #isPaused = false;
  #requestsUnderWay = 0;
  #quiet: Quiet;
  #leaveClock: () => void = () => {};

  /** Use {@link startTestBotApi}. */
  constructor(options: TestBotApiOptions<C>, clock: C) {
    const { token = "123456:TEST-TOKEN", bot, firstUpdateId = 100_000_001 } = options;
    const id = Number.parseInt(token, 10);
    const now = () => clock.now();
    const world = new World({ id, is_bot: true, first_name: "Test Bot", username: "test_bot", ...bot }, now);
    super(world, (update) => this.deliver(update));
    this.token = token;
    this.clock = clock;
    this.#options = options;
    this.#world = world;
    this.#nextUpdateId = firstUpdateId;
    this.#backlog = new Backlog(now);
    this.#registration = new WebhookRegistration({
      backlog: this.#backlog,
      clock,
      allowed: this.#allowed,
      addresses: options,
      authorities: options.authorities,
      beforeSet: () => this.#polling.abort("Conflict: terminated by setWebhook request"),
      onChange: (webhook) => this.#replaceSender(webhook),
    });
    const hasWebhook = () => this.#registration.webhook !== undefined;
    this.#polling = new LongPolling(this.#backlog, clock, this.#allowed, hasWebhook);
    this.#methods = new Methods(this.#registration, this.#polling, world, now);
    this.#server = new ApiServer(token, async (method, params) => {
      this.#requestsUnderWay++;
      return await this.#methods.request(method, params).finally(() => {
        this.#requestsUnderWay--;
        this.#quiet.changed();
      });
    });
    this.#quiet = new Quiet(() =>
      (this.#sender?.busy ?? 0) + this.#requestsUnderWay - (this.#polling.isWaiting ? 1 : 0)
    );
    if (clock instanceof VirtualClock) {
      this.#leaveClock = clock.settleWith((patienceMs) => this.#quiet.settle(patienceMs));
    }
  }

  /** The port that it listens on. */
  get port(): number {
    return this.#address.port;
  }

  /** What a bot is given as its API root, such as `"http://127.0.0.1:38553"`. */
  get apiRoot(): string {
    return `http://${this.#address.hostname}:${this.#address.port}`;
  }

  /** The webhook that is set, if any. */
  get webhook(): Webhook | undefined {
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
    return this.#backlog.size;
  }

  /**
   * Every call that the bot made, the oldest first, without those about updates and the bot itself: `setWebhook`,
   * `deleteWebhook`, `getWebhookInfo`, `getUpdates` and `getMe`.
   */
  get calls(): BotCall[] {
    return this.#methods.log.calls;
  }

  /** Starts to listen; {@link startTestBotApi} does this. */
  async listen(): Promise<void> {
    const { port = 0, hostname = "127.0.0.1" } = this.#options;
    this.#address = { hostname, port: await this.#server.listen(port, hostname) };
  }

  /**
   * Has something happen in Telegram: puts an update at the end of its queue.
   *
   * @param update The update. Without an `update_id` it gets the next one, which it uses up if it is queued.
   * @returns The update on its way; await it to learn how it was answered.
   */
  deliver(update: { update_id?: number; [kind: string]: unknown }, options: DeliverOptions = {}): Delivery {
    const { update_id = this.#nextUpdateId, ...payload } = update;
    const delivery = new Delivery({ update_id, ...payload }, this.clock.now());
    this.#world.noteUpdate(delivery.update);
    if (!this.#allowed.has(delivery.kind) && !options.evenIfNotAllowed) delivery.end("not allowed");
    else this.#backlog.add(delivery);
    // Telegram numbers what it queues, so that a bot sees no gap where it did not ask for something.
    if (!delivery.outcome) this.#nextUpdateId = Math.max(this.#nextUpdateId, update_id + 1);
    if (this.#sender) this.#sender.wake();
    else this.#polling.wake();
    return delivery;
  }

  /** Resolves once no update waits or is under way. */
  idle(): Promise<void> {
    return this.#backlog.whenEmpty();
  }

  /**
   * Has a method answered by the test from now on. Without that a method gives a plausible result.
   *
   * @param answerer Returns the result or throws a `BotApiRefusal`.
   */
  answer(method: string, answerer: Answerer): void {
    this.#methods.answer(method, answerer);
  }

  /**
   * Resolves with the next call of a method that no earlier `nextCall` gave out, past or to come, once it has its result
   * or error.
   */
  nextCall(method: string, when?: (call: BotCall) => boolean): Promise<BotCall> {
    return this.#methods.log.next(method, when);
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
    this.#backlog.reorder(order);
  }

  /** Posts something to the webhook that does not come from Telegram. */
  async strangerPosts(request: StrangersRequest): Promise<StrangersAnswer> {
    const webhook = this.#registration.webhook;
    if (!webhook) throw new Error("No webhook is set that a stranger could post to");
    return await postAsStranger(webhook, request);
  }

  /** Closes every connection and stops. */
  async close(): Promise<void> {
    this.#registration.remove();
    this.#polling.close();
    this.#backlog.clear();
    await this.#server.close();
    this.#leaveClock();
  }

  /** The same as {@link close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #replaceSender(webhook: RegisteredWebhook | undefined): void {
    this.#sender?.close();
    this.#sender = webhook && new WebhookSender({
      backlog: this.#backlog,
      clock: this.clock,
      faults: this.faults,
      random: this.#options.random ?? Math.random,
      target: { ...webhook.parts, secretToken: webhook.secretToken },
      destination: webhook.destination,
      maxConnections: webhook.maxConnections,
      isPaused: this.#isPaused,
      onError: (message) => this.#registration.noteError(message),
      onSuccess: ({ headers, bytes }) => this.#methods.webhookReply(headers.get("content-type") ?? "", bytes),
      onGone: () => this.#registration.remove(),
      onViolation: (message) => this.violations.push(message),
      onChange: () => this.#quiet.changed(),
    });
    this.#quiet.changed();
  }
}
