import { checkOneOf, checkOptionNames } from "../checks/options.ts";
import type { Delivery } from "./delivery.ts";
import type { NameOf } from "./options.ts";

/** At which point of an exchange the connection breaks. */
export type BreakPoint =
  | "before request"
  | "during request"
  | "before answer"
  | "during answer"
  | "after answer";

/** Something that goes wrong with a delivery. */
export type Fault =
  /** The connection breaks. Only `"after answer"` leaves the answer counting. */
  | { breakConnection: BreakPoint }
  /**
   * The answer is lost on its way, so the update is sent again although it was handled: immediately, as the connection
   * breaks (`true`), or after the 60 seconds without an answer (`"silently"`).
   */
  | { loseAnswer: true | "silently" }
  /**
   * The receiver restarts when it has been sent the whole request: its connections break, and it cannot be reached until
   * this function, which starts the new one, is done. It must not move the clock. See `network.whileDown`.
   */
  | { restart: () => unknown }
  /** The update is sent that many milliseconds later, and its queue waits with it. */
  | { delayMs: number }
  /** The same request is sent once more after its 2xx. */
  | { duplicate: true }
  /** The request carries this secret instead of the webhook's; `null` for none. */
  | { secretToken: string | null };

/** To which deliveries a fault happens. */
export interface FaultScope {
  /** To how many. Default: 1. */
  times?: number;
  /** Only to those for which this is true. Default: all. */
  when?: (delivery: Delivery) => boolean;
}

const BREAK_POINTS = [
  "before request",
  "during request",
  "before answer",
  "during answer",
  "after answer",
] as const;

const FAULT_NAMES = {
  breakConnection: true,
  loseAnswer: true,
  restart: true,
  delayMs: true,
  duplicate: true,
  secretToken: true,
} satisfies Record<NameOf<Fault>, true>;

/** The faults that are still to happen. */
export class Faults {
  /** What comes twice may need several tries for its first 2xx, and stays meant for that until then. */
  #doubled = new WeakMap<Delivery, Fault>();
  #waiting: { fault: Fault; times: number; when: (delivery: Delivery) => boolean }[] = [];

  /** Plans a fault. */
  add(fault: Fault, scope: FaultScope = {}): void {
    checkOptionNames("faults.add", fault, FAULT_NAMES);
    if ("breakConnection" in fault) checkOneOf("breakConnection", fault.breakConnection, BREAK_POINTS);
    checkOptionNames("the scope of faults.add", scope, ["times", "when"]);
    const { times = 1, when = () => true } = scope;
    this.#waiting.push({ fault, times, when });
  }

  /** What happens to this delivery now: the oldest fault that is meant for it. */
  take(delivery: Delivery): Fault | undefined {
    const doubled = this.#doubled.get(delivery);
    if (doubled) return doubled;
    const planned = this.#waiting.find(({ when }) => when(delivery));
    if (!planned) return undefined;
    planned.times--;
    if (planned.times <= 0) this.#waiting = this.#waiting.filter((other) => other !== planned);
    if ("duplicate" in planned.fault) this.#doubled.set(delivery, planned.fault);
    return planned.fault;
  }

  /** Forgets what is still planned. */
  clear(): void {
    this.#waiting = [];
    this.#doubled = new WeakMap();
  }
}
