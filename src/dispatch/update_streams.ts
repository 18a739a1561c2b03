import { albumPartsOf } from "../delivery/media_group.ts";
import type { AllowedUpdates } from "../bot_api/allowed_updates.ts";
import { TelehookError } from "../errors/telehook_error.ts";
import { checkNumber, checkOneOf, checkOptionNames, checkSignal } from "../checks/options.ts";
import { contentOf, isKnownKind, kindOf } from "../delivery/kind.ts";
import { isOutsideRequests } from "../platform/workers.ts";
import { ALL_UPDATE_KINDS, OPT_IN_UPDATE_KINDS } from "../updates/mod.ts";
import type { MediaGroupKind, UnknownUpdate, Update, UpdateKind } from "../updates/mod.ts";
import type { ReceivedUpdate, ReceiverContext, UpdateReceiver } from "../receiver/receiver.ts";
import { ReceiverClosed } from "../receiver/verdicts.ts";
import { GivenUpdates, type Room } from "./given_updates.ts";
import {
  allowedUpdatesFor,
  type FilteredUpdate,
  isMediaGroupKind,
  type UpdateFilterName,
} from "./update_filter.ts";
import {
  ALL_MERGED,
  ALL_UNMERGED,
  namedFilter,
  type SubscriptionFilter,
  UNKNOWN_KINDS,
} from "./subscription_filter.ts";
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
  /** Ends the subscription, and its loop without an error. What is in the buffer is dropped, as by `return()`. */
  readonly signal?: AbortSignal;
}

/** A receiver that passes updates to any number of subscribers, as async iterables. */
export interface UpdateStreams extends UpdateReceiver {
  /** The kinds that the current subscriptions need, in the order of the Bot API. */
  readonly allowedUpdates: readonly UpdateKind[];
  /** The kinds of album that the current subscriptions need merged. */
  readonly mediaGroupKinds: readonly MediaGroupKind[];

  /**
   * Subscribes to the updates that pass at least one of the filters. The subscription starts with this call, not with
   * the loop, so that no update is missed. A stream that is never read holds up everything once its buffer is full.
   *
   * Albums are delivered as `updateHandlers` delivers them: an album that a subscription to `"message_media_group"` accepts
   * does not reach `on("message")`, whichever of the two belongs to whom. An album that no such subscription accepts is
   * passed to `on("message")` part by part. `all()` and `all({ mediaGroups: false })` neither take albums from others nor
   * lose them.
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
  // Two signatures, although the compiler says of a misspelt name that it fits neither: one with a tuple of names and options
  // makes it check three times as many types here, and one that suggests names ten times as many wherever it is called.
  /** Subscribes until a signal is aborted. */
  on<F extends UpdateFilterName>(
    ...namesAndOptions: [F, ...F[], SubscriptionOptions]
  ): UpdateStream<FilteredUpdate<F>>;

  /**
   * Subscribes to everything that a plain function would get: all kinds, including those that the types do not know, and each
   * album as one update.
   *
   * @throws {TelehookError} As {@link UpdateStreams.on | on}.
   */
  all(options?: SubscriptionOptions & { readonly mediaGroups?: true }): UpdateStream<ReceivedUpdate>;
  /** Subscribes to everything as Telegram sent it: albums part by part. */
  all(options: SubscriptionOptions & { readonly mediaGroups: false }): UpdateStream<Update>;

  /**
   * Subscribes to updates of kinds that these types do not know yet. Telegram sends these only while `allowed_updates` is
   * empty, which is the case if there is no other subscription.
   *
   * @throws {TelehookError} `ERR_OPTION`, `ERR_CLOSED`, or `ERR_ALLOWED_UPDATES` if the webhook was registered already for
   * kinds that these types know, as {@link UpdateStreams.on | on}.
   */
  unknown(options?: SubscriptionOptions): UpdateStream<UnknownUpdate>;

  /**
   * Handles one update. It counts as handled when every subscriber has it in its buffer, and immediately if there is no
   * subscriber for it.
   *
   * @throws {TelehookError} `ERR_CLOSED` after closing.
   */
  receive(update: ReceivedUpdate, context: ReceiverContext): void | Promise<void>;

  /**
   * Records the kinds that were registered, so that a later subscription to anything else throws instead of waiting
   * forever. `setWebhookAndListen` calls this; call it yourself if you call `setWebhook` yourself.
   */
  onRegistered(allowedUpdates: AllowedUpdates): void;

  /**
   * Ends all subscriptions: each loop ends after what is in its buffer. Deliveries that were waiting fail, and so do later ones,
   * so that Telegram keeps these updates for the next start. To avoid that, close the server first.
   */
  close(): void;
}

/**
 * Creates a receiver with streams. Every subscriber gets everything that its filters match, from its subscription on, in the
 * order of arrival. One that leaves or throws does not affect others: what comes again then is not given twice to those that
 * have it. An update counts as handled when every subscriber has it in its buffer, or if nobody needs it. Streams cannot return
 * replies: call methods through `botApi(token)`.
 *
 * Subscribe before the webhook is registered: Telegram sends only the kinds that are subscribed to then.
 *
 * @param options How many updates may wait for a subscriber, and what happens when there are more.
 * @returns A receiver for `webhook`, `listen`, `poll` and others.
 * @throws {TelehookError} `ERR_OPTION` if an option is unknown or has an invalid value; `ERR_RUNTIME` in the module of a
 * Cloudflare Worker, which ends loops with requests: use `updateHandlers`, or create the streams in a Durable Object.
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
  if (isOutsideRequests()) {
    throw new TelehookError(
      "ERR_RUNTIME",
      "Workers end the loops of streams with the requests in which they wait: use updateHandlers, or create the " +
        "streams in the constructor of a Durable Object",
    );
  }
  return new Streams(
    checkNumber("bufferSize", options.bufferSize, { default: 100, min: 0, max: Infinity }),
    checkOneOf("overflow", options.overflow, ["suspend", "dropOldest", "dropNewest"]),
  );
}

type Stream = BufferedStream<ReceivedUpdate>;

class Streams implements UpdateStreams {
  readonly #bufferSize: number;
  readonly #overflow: Overflow;
  /** What each open stream gets. There may be thousands, so that none may cost what all do when it comes or goes. */
  readonly #filters = new Map<Stream, SubscriptionFilter>();
  /** What all need together, once that was asked for. */
  #needs: Needs | undefined;
  #askedFor: AllowedUpdates = ALL_UPDATE_KINDS;
  #hasUnknownKinds = true;
  #closed = false;
  readonly #given = new GivenUpdates<Stream>();

  constructor(bufferSize: number, overflow: Overflow) {
    this.#bufferSize = bufferSize;
    this.#overflow = overflow;
  }

  get allowedUpdates(): readonly UpdateKind[] {
    return this.#needed.allowedUpdates;
  }

  get mediaGroupKinds(): readonly MediaGroupKind[] {
    return this.#needed.mediaGroupKinds;
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
    return this.#subscribe<FilteredUpdate<F>>(namedFilter(names), options, []);
  }

  all(options?: SubscriptionOptions & { readonly mediaGroups?: true }): UpdateStream<ReceivedUpdate>;
  all(options: SubscriptionOptions & { readonly mediaGroups: false }): UpdateStream<Update>;
  all(options: SubscriptionOptions & { readonly mediaGroups?: boolean } = {}): UpdateStream<Update> {
    const merged = options.mediaGroups ?? true;
    return this.#subscribe(merged ? ALL_MERGED : ALL_UNMERGED, options, ["mediaGroups"]);
  }

  unknown(options?: SubscriptionOptions): UpdateStream<UnknownUpdate> {
    if (!this.#hasUnknownKinds) {
      throw new TelehookError(
        "ERR_ALLOWED_UPDATES",
        'The webhook was registered for kinds that are known, so Telegram sends no others: name them in its "allowed_updates"',
      );
    }
    return this.#subscribe(UNKNOWN_KINDS, options, []);
  }

  receive(update: ReceivedUpdate, context: ReceiverContext): void | Promise<void> {
    if (this.#closed) {
      throw new ReceiverClosed("The streams are closed: nobody would read this update");
    }
    const kind = kindOf(update) ?? "";
    const content = contentOf(update, kind);
    const parts = albumPartsOf(update);
    const isTakenMerged = parts.length > 0 &&
      [...this.#filters.values()].some((filter) => filter.isNamed && filter.accepts(kind, content));
    const before = this.#given.take(update.update_id);
    let rooms: Map<Stream, Promise<void>> | undefined; // of those who have none yet
    let room: Room;
    for (const [stream, filter] of this.#filters) {
      if (before !== undefined && this.#given.has(before, stream)) room = before.rooms.get(stream);
      else if (filter.accepts(kind, content)) room = stream.push(update, context);
      else room = isTakenMerged && filter.isNamed ? undefined : pushParts(parts, filter, stream, context);
      if (room !== undefined) (rooms ??= new Map()).set(stream, room);
    }
    if (rooms === undefined || this.#filters.size === 1) return room;
    return this.#given.whenAllHaveRoom(update.update_id, rooms);
  }

  onRegistered(allowedUpdates: AllowedUpdates): void {
    this.#askedFor = allowedUpdates.length === 0 ? BY_DEFAULT : allowedUpdates;
    this.#hasUnknownKinds = allowedUpdates.length === 0 || !allowedUpdates.every(isKnownKind);
  }

  close(): void {
    this.#closed = true;
    for (const stream of [...this.#filters.keys()]) stream.close();
  }

  #subscribe<T extends object>(
    filter: SubscriptionFilter,
    options: SubscriptionOptions = {},
    otherOptions: readonly string[] = [],
  ): UpdateStream<T> {
    checkOptionNames("a subscription", options, ["signal", ...otherOptions]);
    checkSignal("signal", options.signal);
    if (this.#closed) throw new TelehookError("ERR_CLOSED", "The streams are closed: subscribe before that");
    const missing = allowedUpdatesFor(filter.kinds).filter((kind) => !this.#askedFor.includes(kind));
    if (missing.length > 0) throw comesTooLate(missing);

    const stream = new BufferedStream<ReceivedUpdate>(
      this.#bufferSize,
      this.#overflow,
      (ended) => {
        this.#filters.delete(ended);
        this.#needs = undefined;
      },
      options.signal,
    );
    if (stream.isOpen) {
      this.#filters.set(stream, filter);
      this.#given.subscribed(stream);
    }
    this.#needs = undefined;
    // Sound because an update gets into the stream only through the filters that its type was made from.
    return stream as UpdateStream<object> as UpdateStream<T>;
  }

  get #needed(): Needs {
    return this.#needs ??= needsOf([...this.#filters.values()]);
  }
}

interface Needs {
  readonly allowedUpdates: readonly UpdateKind[];
  readonly mediaGroupKinds: readonly MediaGroupKind[];
}

function needsOf(filters: readonly SubscriptionFilter[]): Needs {
  const kinds = filters.flatMap((filter) => filter.kinds);
  return {
    allowedUpdates: allowedUpdatesFor(kinds),
    mediaGroupKinds: [...new Set(kinds.filter(isMediaGroupKind))],
  };
}

/** What Telegram sends if `allowed_updates` is empty. */
const BY_DEFAULT: readonly UpdateKind[] = ALL_UPDATE_KINDS.filter((kind) =>
  !OPT_IN_UPDATE_KINDS.some((optIn) => optIn === kind)
);

/** Passes an album part by part to a subscriber. */
function pushParts(
  parts: readonly Update[],
  filter: SubscriptionFilter,
  stream: Stream,
  context: ReceiverContext,
): Room {
  const rooms: Promise<void>[] = [];
  for (const part of parts) {
    const kind = kindOf(part) ?? "";
    if (!filter.accepts(kind, contentOf(part, kind))) continue;
    const room = stream.push(part, context);
    if (room !== undefined) rooms.push(room);
  }
  return rooms.length > 0 ? Promise.all(rooms).then(() => {}) : undefined;
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
