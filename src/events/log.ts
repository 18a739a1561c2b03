import { TelehookError } from "../errors/telehook_error.ts";
import { errorReason } from "../text/error_reason.ts";
import { plainText } from "../text/plain_text.ts";
import { printError } from "../text/printable_error.ts";
import { quote } from "../text/quote.ts";
import type { WebhookEvent } from "./events.ts";

/**
 * Receives the lines of the log, one at a time and without a line break, with the event that each is about. What it throws
 * is ignored.
 *
 * @example Lines of JSON
 * ```ts
 * import { type LogFunction, webhook } from "@telehook/telehook";
 *
 * const log: LogFunction = (message, { type }) => console.log(JSON.stringify({ level: "warn", type, message }));
 * const hook = webhook(() => {}, { secretToken: "a-long-random-secret", log });
 * await hook(new Request("https://bot.example/")); // {"level":"warn","type":"refused","message":"telehook: refused with 405 …
 * await hook.close();
 * ```
 */
export type LogFunction = (line: string, event: WebhookEvent) => void;

/** The events that are logged. */
type LoggedEvent = Extract<
  WebhookEvent,
  { readonly type: "refused" | "slow" | "outage" | "store" | "certificate" }
>;

/**
 * Writes an event to the log.
 *
 * @param more How many like it were not logged since the last one that was.
 */
export type WriteToLog = (event: LoggedEvent, more: number) => unknown;

/**
 * Makes what writes the log, for the `log` option.
 *
 * @throws {TelehookError} `ERR_OPTION` if it is neither `false` nor a function.
 */
export function logWriter(option: LogFunction | false | undefined): WriteToLog | undefined {
  if (option === false) return undefined;
  if (option !== undefined && typeof option !== "function") {
    throw new TelehookError("ERR_OPTION", `"log" must be false or a function, not ${quote(option)}`);
  }
  const log = option ?? logToConsole;
  return (event, more) => log(`telehook: ${lineOf(event, more)}`, event);
}

function logToConsole(line: string, event: WebhookEvent): void {
  const error = event.type === "store" || event.type === "certificate" ? event.error : undefined;
  if (error !== undefined) printError(line, error); // with its stack
  else console.warn(line);
}

/** Text that somebody else wrote may be in it: of an address, since proxies pass on what they get, and of a path. */
function lineOf(event: LoggedEvent, more: number): string {
  switch (event.type) {
    case "refused": {
      const { status, reason, address, path } = event;
      const from = address === undefined ? "an unknown address" : plainText(address, 60);
      const at = path === undefined ? "" : `, path ${quote(path)}`;
      const others = more === 0 ? "" : `; ${more} more since the last such line`;
      return `refused with ${status}: ${reason} (from ${from}${at}${others})`;
    }
    case "slow": {
      const forS = Math.round(event.runningMs / 1_000);
      return `the handler of update ${event.update.update_id} has been running for ${forS} s ` +
        `(${event.waiting} updates are pending)`;
    }
    case "outage":
      return event.state === "ended"
        ? "the outage has ended"
        : `${event.lanes} chats fail and none succeeds: an outage, so nothing is given up`;
    case "store":
      return event.state === "recovered"
        ? `the store works again after ${event.failures} failures`
        : `the store is failing: ${plainText(errorReason(event.error))}`;
    case "certificate": {
      if (event.state === "renewed") return "a renewed certificate is in use";
      const { error } = event;
      const why = error instanceof TelehookError ? error.message : errorReason(error);
      return `the renewed certificate cannot be used, so the one before stays in use: ${plainText(why)}`;
    }
  }
}
