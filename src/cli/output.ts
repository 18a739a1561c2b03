import { plainText, styledText, wrapText } from "../text/plain_text.ts";
import type { Redact } from "../text/redact.ts";
import { withoutTokens } from "../text/quote.ts";

/** As much of a stream as is used. */
export interface TextStream {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  write(text: string, done?: (error?: Error | null) => void): boolean;
}

const STYLES = { bold: "1", dim: "2", red: "31", green: "32", yellow: "33", cyan: "36" } as const;

/** How a text can look on a terminal. */
export type Style = keyof typeof STYLES;

/** Longer lines are hard to read, however wide the terminal is. */
const MAX_COLUMNS = 100;
const MIN_COLUMNS = 40;
const DEFAULT_COLUMNS = 80;

/** Where the program prints: results to the standard output, everything else to the standard error. */
export class Output {
  /** Puts a text into a style, if the standard output is a terminal and NO_COLOR is not set. */
  readonly paint: (style: Style, text: string) => string;
  readonly #stdout: TextStream;
  readonly #stderr: TextStream;
  readonly #redactions: Redact[] = [withoutTokens];

  constructor(
    stdout: TextStream,
    stderr: TextStream,
    env: Readonly<Record<string, string | undefined>>,
  ) {
    this.#stdout = stdout;
    this.#stderr = stderr;
    const isColored = stdout.isTTY === true && !env.NO_COLOR && env.TERM !== "dumb";
    this.paint = (style, text) => isColored ? `\x1b[${STYLES[style]}m${text}\x1b[0m` : text;
  }

  /** How wide a line of the result may be. */
  get columns(): number {
    return columnsFor(this.#stdout);
  }

  /** Removes a secret from everything that is printed from now on, except by {@link Output.data}. */
  hide(redact: Redact): void {
    this.#redactions.push(redact);
  }

  /** A line of the result, for people, as it is. */
  print(line = ""): void {
    this.#stdout.write(`${styledText(this.#redacted(line))}\n`);
  }

  /** A line of the result, for people, broken between words to fit. All lines but the first are indented. */
  text(line: string, indent = 0): void {
    for (const part of wrapText(styledText(this.#redacted(line)), this.columns, indent)) {
      this.#stdout.write(`${part}\n`);
    }
  }

  /** A line beside the result: what happens, or what went wrong. On a terminal, it is broken between words; in a log, never. */
  note(line: string): void {
    const text = plainText(this.#redacted(line), 5000);
    const lines = this.#stderr.isTTY ? wrapText(text, columnsFor(this.#stderr), 2) : [text];
    this.#stderr.write(`${lines.join("\n")}\n`);
  }

  /** Lines of the result, for people, as they are. Resolves once they are written. */
  lines(...lines: readonly string[]): Promise<void> {
    return this.#write(lines.map((line) => `${styledText(this.#redacted(line))}\n`).join(""));
  }

  /** A line for another program, exactly as it is. Resolves once it is written. */
  data(line: string): Promise<void> {
    return this.#write(`${line}\n`);
  }

  #write(text: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#stdout.write(text, (error) => error ? reject(error) : resolve());
    });
  }

  #redacted(text: string): string {
    return this.#redactions.reduce((redacted, redact) => redact(redacted), text);
  }
}

function columnsFor({ columns }: TextStream): number {
  return Math.max(MIN_COLUMNS, Math.min(columns || DEFAULT_COLUMNS, MAX_COLUMNS));
}
