import type { Destination } from "./connection.ts";
import { readAddress } from "./delivery_target.ts";

/** Where a connection really leads. */
export interface SocketAddress {
  /** A loopback address. */
  readonly address: string;
  /** Its port. */
  readonly port: number;
}

/**
 * What lies between the test server and the webhooks: how long a round trip takes, which receivers share an address, and
 * whether they can be reached at all. All of it follows the test server's clock.
 */
export class Network {
  /**
   * How many milliseconds a round trip takes on the test server's clock, for all connections or by the number of the
   * connection, from 1. A new connection takes one round trip, over TLS two. Default: 0.
   */
  roundTripMs: number | ((connection: number) => number);

  #routes = new Map<string, readonly SocketAddress[]>();
  #down: { place: SocketAddress | undefined }[] = [];
  #watchers = new Set<(isDown: (place: SocketAddress) => boolean) => void>();

  /**
   * The test server makes one.
   *
   * @internal
   */
  constructor(
    roundTripMs: number | ((connection: number) => number),
    routes: Readonly<Record<string, string | readonly string[]>>,
  ) {
    this.roundTripMs = roundTripMs;
    for (const [name, addresses] of Object.entries(routes)) this.route(name, addresses);
  }

  /**
   * Has connections to the host and port of a webhook's URL go to other addresses from now on. With several addresses
   * the connections go to them in turn, as they do to processes that share a port. Open connections stay.
   *
   * @param name The host and port in the URL, such as `"bot.example:443"` or `"127.0.0.1:8080"`.
   * @param addresses Loopback addresses with ports, such as `"127.0.0.1:5000"`.
   * @throws {RangeError} if an address is not a loopback address with a port.
   *
   * @example
   * ```ts
   * import { startTestBotApi } from "@telehook/telehook/testing";
   *
   * const telegram = await startTestBotApi();
   * telegram.network.route("bot.example:443", ["127.0.0.1:5000", "127.0.0.1:5001"]);
   * await telegram.close();
   * ```
   */
  route(name: string, addresses: string | readonly string[]): void {
    const list = typeof addresses === "string" ? [addresses] : addresses;
    if (list.length === 0) throw new RangeError(`"${name}" needs at least one address`);
    this.#routes.set(name, list.map(readAddress));
  }

  /**
   * The addresses that a webhook's host and port are routed to, if any; the test server calls this.
   *
   * @internal
   */
  routesOf(name: string): readonly SocketAddress[] | undefined {
    return this.#routes.get(name);
  }

  /**
   * Makes receivers unreachable while a task runs: their connections break immediately, as when their process is
   * killed, and new connections are refused. With several receivers behind one address, new connections go to the
   * others.
   *
   * @param task What happens meanwhile: starting another receiver, or moving the clock.
   * @param address Only the receiver at this address, such as `"127.0.0.1:5000"`. Default: all.
   * @returns What the task returns.
   *
   * @example
   * ```ts
   * import { startTestBotApi, virtualClock } from "@telehook/telehook/testing";
   *
   * const telegram = await startTestBotApi({ clock: virtualClock() });
   * await telegram.network.whileDown(() => telegram.clock.advance(20_000));
   * await telegram.close();
   * ```
   */
  async whileDown<T>(task: () => T | Promise<T>, address?: string): Promise<T> {
    const entry = { place: address === undefined ? undefined : readAddress(address) };
    this.#down.push(entry);
    for (const watcher of [...this.#watchers]) watcher((place) => this.#isDown(place));
    try {
      return await task();
    } finally {
      this.#down.splice(this.#down.indexOf(entry), 1);
    }
  }

  /**
   * Where the connection of this number goes, or nothing if it is refused; the test server calls this.
   *
   * @internal
   */
  placeFor(destination: Destination, connection: number): SocketAddress | undefined {
    const places = (this.#routes.get(destination.name ?? "") ?? [destination]).filter((place) =>
      !this.#isDown(place)
    );
    return places[(connection - 1) % places.length];
  }

  /**
   * How long half a round trip of the connection of this number takes; the test server calls this.
   *
   * @internal
   */
  halfTripMs(connection: number): number {
    const { roundTripMs } = this;
    return Math.max(typeof roundTripMs === "number" ? roundTripMs : roundTripMs(connection), 0) / 2;
  }

  /**
   * Tells when receivers become unreachable; the test server calls this.
   *
   * @internal
   * @returns A function that ends this.
   */
  onDown(watcher: (isDown: (place: SocketAddress) => boolean) => void): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  #isDown({ address, port }: SocketAddress): boolean {
    return this.#down.some(({ place }) => !place || (place.address === address && place.port === port));
  }
}
