import { BOT_TOKEN } from "../text/quote.ts";

/** As much of a stream as is used. */
export interface TextStream {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  write(text: string, done?: (error?: Error | null) => void): boolean;
}

/** Shorter secrets than this are parts of ordinary words, which then could not be read. */
const SHORTEST_SECRET = 8;

const STYLES = { bold: "1", dim: "2", red: "31", green: "32", yellow: "33", cyan: "36" } as const;

/** How a text can look on a terminal. */
export type Style = keyof typeof STYLES;

/** Where the program prints: results to the standard output, everything else to the standard error. */
export class Output {
  /** Puts a text into a style, where the standard output is a terminal and NO_COLOR is not set. */
  readonly paint: (style: Style, text: string) => string;
  readonly #stdout: TextStream;
  readonly #stderr: TextStream;
  readonly #secrets = new Set<string>();

  constructor(
    stdout: TextStream,
    stderr: TextStream,
    env: Readonly<Record<string, string | undefined>>,
  ) {
    this.#stdout = stdout;
    this.#stderr = stderr;
    const isColoured = stdout.isTTY === true && !env.NO_COLOR && env.TERM !== "dumb";
    this.paint = (style, text) => isColoured ? `\x1b[${STYLES[style]}m${text}\x1b[0m` : text;
  }

  /** How many columns there are to print to; endless when it is not a terminal. */
  get columns(): number {
    return this.#stdout.isTTY ? this.#stdout.columns ?? 80 : Infinity;
  }

  /** Keeps a secret out of everything that is printed from now on, {@link Output.data} apart. */
  hide(secret: string): void {
    if (secret.length >= SHORTEST_SECRET) this.#secrets.add(secret);
  }

  /** A line of the result, for people. */
  print(line = ""): void {
    this.#stdout.write(`${this.#redacted(line)}\n`);
  }

  /** A line beside the result: what goes on, or what went wrong. */
  note(line: string): void {
    this.#stderr.write(`${this.#redacted(line)}\n`);
  }

  /** A line for another program, just as it is. Resolves once it is written. */
  data(line: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#stdout.write(`${line}\n`, (error) => error ? reject(error) : resolve());
    });
  }

  #redacted(text: string): string {
    let redacted = text.replace(BOT_TOKEN, "<token>");
    for (const secret of this.#secrets) redacted = redacted.replaceAll(secret, "<secret>");
    return redacted;
  }
}
