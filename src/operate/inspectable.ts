import type { BotApi } from "../bot_api/bot_api.ts";
import type { Events } from "../events/events.ts";
import type { Inbox } from "../inbox/inbox.ts";
import type { Update } from "../updates/mod.ts";

/** What an inspector sees and uses of a webhook or a poller. */
export interface Inspectable {
  readonly inbox: Inbox;
  readonly events: Events;
  /** Passes an update in, as if it had arrived. */
  receive(update: Update): void;
  /** Whether updates are fetched, and not delivered to a URL. */
  readonly isPolling: boolean;
  /** The path of a webhook, if it has one. */
  readonly path?: string | undefined;
  /** The bot's client, if it is known. */
  readonly api?: BotApi | undefined;
}

const pollers = new WeakMap<object, Inspectable>();

/** Lets an inspector take a poller. */
export function registerPoller(poller: object, inspectable: Inspectable): void {
  pollers.set(poller, inspectable);
}

/** What is behind a poller, if it is one. */
export function inspectablePoller(poller: object): Inspectable | undefined {
  return pollers.get(poller);
}
