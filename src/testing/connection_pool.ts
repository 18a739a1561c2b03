import type { Clock } from "./clock.ts";
import { Connection, type Destination, type Hazard } from "./connection.ts";
import { ConnectionRamp } from "./connection_ramp.ts";
import type { HttpAnswer } from "./http_answer.ts";
import type { Network } from "./network.ts";

/** What a pool works with, and what it tells its sender. */
export interface PoolParts {
  clock: Clock;
  destination: Destination;
  network: Network;
  maxConnections: number;
  /** What was sent over this connection was answered. */
  answered(connection: Connection, answer: HttpAnswer): void;
  /** Something failed, in the words of `getWebhookInfo`. The connection closes then. */
  failed(connection: Connection, message: string): void;
  /** This connection is over. */
  closed(connection: Connection): void;
  /** The webhook did something that Telegram cannot make sense of. */
  onViolation(message: string): void;
  /** Anything changed. */
  onChange(): void;
}

/** The connections to one webhook: few at first and as soon as it fails, up to `max_connections` while it answers. */
export class ConnectionPool {
  #parts: PoolParts;
  #ramp: ConnectionRamp;
  #connections = new Set<Connection>();
  /** Those without a request, the one that has been idle longest first: updates go over them in turn. */
  #idle = new Set<Connection>();
  #opened = 0;
  #stopWatching: () => void;

  constructor(parts: PoolParts) {
    this.#parts = parts;
    this.#ramp = new ConnectionRamp(parts.maxConnections);
    this.#stopWatching = parts.network.onDown((isDown) => {
      for (const connection of [...this.#connections]) {
        if (connection.place && isDown(connection.place)) connection.close();
      }
    });
  }

  /** How many connections there are. */
  get size(): number {
    return this.#connections.size;
  }

  /** How many of them wait for the webhook. */
  get busy(): number {
    return [...this.#connections].filter(({ isBusy }) => isBusy).length;
  }

  /** The one over which the next request goes, if one is free. */
  get ready(): Connection | undefined {
    const [longestIdle] = this.#idle;
    return longestIdle;
  }

  /** Sends a request over a connection that is {@link ready}. */
  send(connection: Connection, request: Uint8Array, hazard?: Hazard): void {
    this.#idle.delete(connection);
    connection.send(request, hazard);
  }

  /**
   * Opens the connections that this number of queues gets now. Returns when the next one may be opened, or `Infinity`
   * if they have enough.
   */
  grow(queues: number): number {
    const now = this.#parts.clock.now();
    while (this.#connections.size < this.#ramp.wanted(queues, now)) {
      const next = this.#ramp.nextOpening(now);
      if (next > now) return next;
      this.#open();
      this.#ramp.opened(now);
    }
    return Number.POSITIVE_INFINITY;
  }

  /** Notes a 2xx. */
  succeeded(): void {
    this.#ramp.succeeded(this.#parts.clock.now());
  }

  /** Closes all of them. */
  close(): void {
    this.#stopWatching();
    for (const connection of [...this.#connections]) connection.close();
  }

  #open(): void {
    const { clock, destination, network, answered, failed, closed, onViolation, onChange } = this.#parts;
    const connection: Connection = new Connection(++this.#opened, destination, clock, {
      opened: onChange,
      onTheWay: onChange,
      answered: (answer) => {
        this.#idle.add(connection);
        answered(connection, answer);
      },
      failed: (message) => failed(connection, message),
      closed: () => {
        this.#connections.delete(connection);
        this.#idle.delete(connection);
        closed(connection);
      },
      unasked: (bytes) => onViolation(`${bytes} bytes arrived that belong to no answer`),
    }, network);
    this.#connections.add(connection);
    this.#idle.add(connection);
  }
}
