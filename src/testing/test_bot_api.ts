/// <reference lib="esnext.disposable" preserve="true" />
// Symbol.asyncDispose is part of the published types, and not of every consumer's lib.
import { ApiServer } from "./api/api_server.ts";
import { type Clock, VirtualClock } from "./clock.ts";
import { Idle } from "./idle.ts";
import { Network } from "./network.ts";
import { checkBotOptions, type TestBotApiOptions, type TestBotOptions } from "./options.ts";
import { TestBot } from "./test_bot.ts";

/**
 * A Bot API server for tests. Make one with `startTestBotApi`. It is also the first bot that it knows; others are in
 * {@link TestBotApi.bots}.
 */
export class TestBotApi<C extends Clock = Clock> extends TestBot<C> {
  #options: TestBotApiOptions<C>;
  #bots: TestBot<C>[] = [this];
  #server = new ApiServer((token) => this.#bots.find((bot) => bot.token === token));
  #address = { hostname: "127.0.0.1", port: 0 };
  #idle = new Idle(() => this.#bots.reduce((sum, { owed }) => sum + owed, 0));
  #leaveClock: () => void = () => {};

  /** Use `startTestBotApi`. */
  constructor(options: TestBotApiOptions<C>, clock: C) {
    super(options, {
      options,
      clock,
      network: new Network(options.roundTripMs ?? 0, options.resolve ?? {}),
      changed: () => this.#idle.changed(),
      managed: {
        add: (bot) => this.addBot({ token: `${bot.id}:MANAGED-TOKEN`, bot }),
        token: (id) => this.#managed(id)?.token,
        replaceToken: (id) => {
          const bot = this.#managed(id);
          bot?.replaceToken(`${id}:MANAGED-TOKEN-${++this.#replacedTokens}`);
          return bot?.token;
        },
      },
    });
    this.#options = options;
    for (const each of options.bots ?? []) this.addBot(each);
    if (clock instanceof VirtualClock) {
      this.#leaveClock = clock.settleWith((patienceMs) => this.#idle.settle(patienceMs));
    }
  }

  #replacedTokens = 0;

  /** The port that it listens on. */
  get port(): number {
    return this.#address.port;
  }

  /** What a bot is given as its API root, such as `"http://127.0.0.1:38553"`. */
  get apiRoot(): string {
    return `http://${this.#address.hostname}:${this.#address.port}`;
  }

  /** Every bot that it knows, this one first. */
  get bots(): readonly TestBot<C>[] {
    return this.#bots;
  }

  /**
   * Has the server know another bot from now on.
   *
   * @throws {TelehookError} `ERR_OPTION` if an option is unknown or has an invalid value.
   * @throws {RangeError} if a bot has its id already.
   */
  addBot(options: TestBotOptions = {}): TestBot<C> {
    checkBotOptions(options);
    const highest = Math.max(...this.#bots.map(({ id }) => id));
    const { token = `${highest + 1}:TEST-TOKEN` } = options;
    const bot = new TestBot<C>({ ...options, token }, this.host);
    if (this.#bots.some(({ id }) => id === bot.id)) {
      throw new RangeError(`There is a bot with the id ${bot.id} already: give it another one`);
    }
    this.#bots = [...this.#bots, bot];
    return bot;
  }

  /** Deletes a bot: its webhook gets nothing more, and its token is refused with 401. */
  removeBot(bot: TestBot<C>): void {
    this.#bots = this.#bots.filter((other) => other !== bot);
    bot.stop();
  }

  /** Starts to listen; `startTestBotApi` does this. */
  async listen(): Promise<void> {
    const { port = 0, hostname = "127.0.0.1" } = this.#options;
    this.#address = { hostname, port: await this.#server.listen(port, hostname) };
  }

  /** Closes every connection and stops. */
  async close(): Promise<void> {
    for (const bot of this.#bots) bot.stop();
    await this.#server.close();
    this.#leaveClock();
  }

  /** The same as {@link close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #managed(id: number): TestBot<C> | undefined {
    return this.#bots.find((bot) => bot !== this && bot.id === id);
  }
}
