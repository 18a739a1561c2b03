import { albumPartsOf } from "../delivery/media_group.ts";
import type { AllowedUpdates } from "../bot_api/allowed_updates.ts";
import { TelehookError } from "../errors/telehook_error.ts";
import { checkNumber, checkOneOf, checkOptionNames, checkSignal } from "../checks/options.ts";
import { contentOf, isKnownKind, kindOf } from "../delivery/kind.ts";
import { ALL_UPDATE_KINDS, OPT_IN_UPDATE_KINDS } from "../updates/mod.ts";
import type { MediaGroupKind, UnknownUpdate, Update, UpdateKind } from "../updates/mod.ts";
import { ALL_MERGED, ALL_UNMERGED, type Interest, interestIn, UNKNOWN_KINDS } from "./interest.ts";
import type { ReceivedUpdate, ReceiverContext, UpdateReceiver } from "../receiver/receiver.ts";
import {
  allowedUpdatesFor,
  type FilteredUpdate,
  isMediaGroupKind,
  type UpdateFilterName,
} from "./update_filter.ts";
import { BufferedStream, type Overflow, type UpdateStream } from "./update_stream.ts";

/** Options of {@link updateStreams}, for each subscriber alike. */
export interface UpdateStreamsOptions {
  /**
   * How many updates may wait for a subscriber. They are acknowledged, so they are lost if the process ends. With 0 and
   * `"suspend"`, an update is acknowledged when the loop asks for the next one: then nothing is lost. Default: 100.
   */
  readonly bufferSize?: number;
  /**
   * What happens when the buffer is full. `"suspend"` holds the answer to Telegram until there is room, at most
   * `acknowledgeWithinMs`; Telegram holds the rest of the chat meanwhile. Default: `"suspend"`.
   */
  readonly overflow?: Overflow;
}

/** Options of a subscription. */
export interface SubscriptionOptions {
  /** Ends the subscription, and its loop without an error. What is in the buffer is dropped. */
  readonly signal?: AbortSignal;
}

/** A receiver that hands updates on as async iterables, to as many subscribers as there are. */
export interface UpdateStreams extends UpdateReceiver {
  /** What the subscriptions need, as of now, in the Bot API's order. */
  readonly allowedUpdates: readonly UpdateKind[];
  /** The albums that the subscriptions want merged, as of now. */
  readonly mediaGroupKinds: readonly MediaGroupKind[];

  /**
   * Subscribes to the updates that pass at least one of the filters. The subscription starts with this call, not with
   * the loop: nothing in between is missed, and a stream that is never read holds up everything once its buffer is full.
   *
   * The stream has just what `updateHandlers` with these names would be called with. So `on("message")` has albums part
   * by part, whatever other subscribers want; `on("message", "message_media_group")` has each as one.
   *
   * @param names Kinds of update, or kinds and fields.
   * @throws {TelehookError} `ERR_OPTION` if there is no such filter, `ERR_CLOSED` after closing, `ERR_ALLOWED_UPDATES` if
   * the webhook was registered already and Telegram was not asked for this.
   *
   * @example
   * ```ts
   * import { updateStreams } from "@telehook/telehook";
   *
   * const streams = updateStreams();
   * const leaving = new AbortController();
   * const photos = streams.on("message:photo", "channel_post:photo", { signal: leaving.signal });
   * leaving.abort(); // at some time
   * for await (const update of photos) {
   *   const { chat, photo } = "message" in update ? update.message : update.channel_post;
   *   console.log(chat.id, photo.length, "sizes");
   * }
   * ```
   */
  on<F extends UpdateFilterName>(...names: [F, ...F[]]): UpdateStream<FilteredUpdate<F>>;
  /** Subscribes until a signal is aborted. */
  on<F extends UpdateFilterName>(
    ...namesAndOptions: [F, ...F[], SubscriptionOptions]
  ): UpdateStream<FilteredUpdate<F>>;

  /**
   * Subscribes to everything that a plain function would get: all kinds, also those that the types do not know, and each
   * album as one update.
   *
   * @throws {TelehookError} As {@link UpdateStreams.on | on}.
   */
  all(options?: SubscriptionOptions & { readonly mediaGroups?: true }): UpdateStream<ReceivedUpdate>;
  /** Subscribes to everything as Telegram sent it: albums part by part. */
  all(options: SubscriptionOptions & { readonly mediaGroups: false }): UpdateStream<Update>;

  /**
   * Subscribes to updates of kinds that these types do not know yet. Telegram sends such only while `allowed_updates` is
   * empty, as it is if there is no other subscription.
   *
   * @throws {TelehookError} `ERR_OPTION`, `ERR_CLOSED`, or `ERR_ALLOWED_UPDATES` if the webhook was registered already for
   * kinds that these types know, as {@link UpdateStreams.on | on}.
   */
  unknown(options?: SubscriptionOptions): UpdateStream<UnknownUpdate>;

  /**
   * Takes one update. It counts as handled when every subscriber has it in its buffer; if nobody wants it, at once.
   *
   * @throws {TelehookError} `ERR_CLOSED` after closing.
   */
  receive(update: ReceivedUpdate, context: ReceiverContext): void | Promise<void>;

  /**
   * Takes note of what Telegram was asked for, so that a later subscription to anything else throws instead of waiting in
   * vain. `setWebhookAndListen` calls this; call it yourself if you call `setWebhook` yourself.
   */
  onRegistered(allowedUpdates: AllowedUpdates): void;

  /**
   * Ends all subscriptions: each loop comes to its end after what is in its buffer. Deliveries that were held back fail,
   * and so do later ones, so that Telegram keeps these updates for the next start. Close the server first, and none will.
   */
  close(): void;
}

/**
 * Makes a receiver of streams. Every subscriber sees everything that it wants, from its subscription on, in the order of
 * arrival; one that leaves or throws harms no other. An update counts as handled when every subscriber has it in its
 * buffer, and if nobody wants it. Streams cannot return webhook replies: call methods through `botApi(token)`.
 *
 * Subscribe before the webhook is registered: Telegram is asked for what is subscribed to then.
 *
 * @param options How much may wait for a subscriber, and what happens to the rest.
 * @returns A receiver for `webhook`, `listen` and whatever else takes one.
 * @throws {TelehookError} `ERR_OPTION` if an option is unknown or has a value it cannot have.
 *
 * @example
 * ```ts
 * import { updateStreams, webhook } from "@telehook/telehook";
 *
 * const streams = updateStreams();
 * const texts = streams.on("message:text", "edited_message:text");
 * const hook = webhook(streams, { secretToken: "a-long-random-secret" });
 * console.log(hook.allowedUpdates); // ["message", "edited_message"]
 *
 * const chat = { id: 42, type: "private" } as const;
 * await hook.receive({ update_id: 1, message: { message_id: 1, date: 0, chat, text: "Hello" } });
 * await hook.close();
 * streams.close();
 * for await (const update of texts) {
 *   const { text } = "message" in update ? update.message : update.edited_message;
 *   console.log(text); // Hello
 * }
 * ```
 */
export function updateStreams(options: UpdateStreamsOptions = {}): UpdateStreams {
  checkOptionNames("updateStreams", options, ["bufferSize", "overflow"]);
  return new Streams(
    checkNumber("bufferSize", options.bufferSize, { default: 100, min: 0, max: Infinity }),
    checkOneOf("overflow", options.overflow, ["suspend", "dropOldest", "dropNewest"]),
  );
}

interface Subscription {
  readonly interest: Interest;
  readonly stream: BufferedStream<ReceivedUpdate>;
}

class Streams implements UpdateStreams {
  readonly #bufferSize: number;
  readonly #overflow: Overflow;
  #subscriptions: readonly Subscription[] = [];
  #allowedUpdates: readonly UpdateKind[] = [];
  #mediaGroupKinds: readonly MediaGroupKind[] = [];
  #askedFor: AllowedUpdates = ALL_UPDATE_KINDS;
  #areUnknownSent = true;
  #closed = false;

  constructor(bufferSize: number, overflow: Overflow) {
    this.#bufferSize = bufferSize;
    this.#overflow = overflow;
  }

  get allowedUpdates(): readonly UpdateKind[] {
    return this.#allowedUpdates;
  }

  get mediaGroupKinds(): readonly MediaGroupKind[] {
    return this.#mediaGroupKinds;
  }

  on<F extends UpdateFilterName>(
    ...args: [F, ...F[]] | [F, ...F[], SubscriptionOptions]
  ): UpdateStream<FilteredUpdate<F>> {
    const names: F[] = [];
    let options: SubscriptionOptions | undefined;
    for (const arg of args) {
      if (typeof arg === "string") names.push(arg);
      else options = arg;
    }
    if (names.length === 0) {
      throw new TelehookError(
        "ERR_OPTION",
        'on() needs at least one filter, such as "message": for all, use all()',
      );
    }
    return this.#subscribe<FilteredUpdate<F>>(interestIn(names), options, []);
  }

  all(options?: SubscriptionOptions & { readonly mediaGroups?: true }): UpdateStream<ReceivedUpdate>;
  all(options: SubscriptionOptions & { readonly mediaGroups: false }): UpdateStream<Update>;
  all(options: SubscriptionOptions & { readonly mediaGroups?: boolean } = {}): UpdateStream<Update> {
    const merged = options.mediaGroups ?? true;
    return this.#subscribe(merged ? ALL_MERGED : ALL_UNMERGED, options, ["mediaGroups"]);
  }

  unknown(options?: SubscriptionOptions): UpdateStream<UnknownUpdate> {
    if (!this.#areUnknownSent) {
      throw new TelehookError(
        "ERR_ALLOWED_UPDATES",
        'The webhook was registered for kinds that are known, so Telegram sends no others: name them in its "allowed_updates"',
      );
    }
    return this.#subscribe(UNKNOWN_KINDS, options, []);
  }

  receive(update: ReceivedUpdate, context: ReceiverContext): void | Promise<void> {
    if (this.#closed) {
      throw new TelehookError("ERR_CLOSED", "The streams are closed: nobody would read this update");
    }
    let room: Promise<void> | undefined;
    for (const subscription of this.#subscriptions) {
      room = both(room, offer(subscription, update, context));
    }
    return room;
  }

  onRegistered(allowedUpdates: AllowedUpdates): void {
    this.#askedFor = allowedUpdates.length === 0 ? BY_DEFAULT : allowedUpdates;
    this.#areUnknownSent = allowedUpdates.length === 0 || !allowedUpdates.every(isKnownKind);
  }

  close(): void {
    this.#closed = true;
    for (const { stream } of this.#subscriptions) stream.close();
  }

  #subscribe<T extends object>(
    interest: Interest,
    options: SubscriptionOptions = {},
    otherOptions: readonly string[] = [],
  ): UpdateStream<T> {
    checkOptionNames("a subscription", options, ["signal", ...otherOptions]);
    checkSignal("signal", options.signal);
    if (this.#closed) throw new TelehookError("ERR_CLOSED", "The streams are closed: subscribe before that");
    const missing = allowedUpdatesFor(interest.kinds).filter((kind) => !this.#askedFor.includes(kind));
    if (missing.length > 0) throw comesTooLate(missing);

    const stream = new BufferedStream<ReceivedUpdate>(
      this.#bufferSize,
      this.#overflow,
      () => this.#keepOpen(this.#subscriptions),
      options.signal,
    );
    this.#keepOpen([...this.#subscriptions, { interest, stream }]);
    // Sound because an update gets into the stream only through the filters that its type was made from.
    return stream as UpdateStream<object> as UpdateStream<T>;
  }

  #keepOpen(subscriptions: readonly Subscription[]): void {
    this.#subscriptions = subscriptions.filter(({ stream }) => stream.isOpen);
    const kinds = this.#subscriptions.flatMap(({ interest }) => interest.kinds);
    this.#allowedUpdates = allowedUpdatesFor(kinds);
    this.#mediaGroupKinds = [...new Set(kinds.filter(isMediaGroupKind))];
  }
}

/** What Telegram sends if it is asked for nothing in particular. */
const BY_DEFAULT: readonly UpdateKind[] = ALL_UPDATE_KINDS.filter((kind) =>
  !OPT_IN_UPDATE_KINDS.some((optIn) => optIn === kind)
);

/** Hands an update to a subscriber that wants it, and an album that it does not want merged part by part. */
function offer(
  subscription: Subscription,
  update: ReceivedUpdate,
  context: ReceiverContext,
): Promise<void> | undefined {
  const { interest, stream } = subscription;
  const kind = kindOf(update) ?? "";
  if (interest.wants(kind, contentOf(update, kind))) return stream.push(update, context);
  let room: Promise<void> | undefined;
  for (const part of albumPartsOf(update)) room = both(room, offer(subscription, part, context));
  return room;
}

function both(one: Promise<void> | undefined, other: Promise<void> | undefined): Promise<void> | undefined {
  return one && other ? Promise.all([one, other]).then(() => {}) : one ?? other;
}

function comesTooLate(missing: readonly UpdateKind[]): TelehookError {
  return new TelehookError(
    "ERR_ALLOWED_UPDATES",
    `The webhook was registered without ${
      missing.map((kind) => `"${kind}"`).join(", ")
    }: subscribe before it is, ` +
      'or name all that is needed in its "allowed_updates"',
  );
}
