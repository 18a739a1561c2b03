import type { BotApi } from "../bot_api/bot_api.ts";
import { readPem } from "../bot_api/certificate_file.ts";
import type { SetWebhookParams } from "../bot_api/webhook_params.ts";
import {
  checkBoolean,
  checkBotApi,
  checkFunction,
  checkNumber,
  checkOptionNames,
  checkSignal,
  checkText,
  checkTexts,
  checkValue,
} from "../checks/options.ts";
import { TelehookError } from "../errors/telehook_error.ts";
import { assertSecretToken } from "../guard/secret_token.ts";
import { anySignal } from "../platform/any_signal.ts";
import { unrefTimer } from "../platform/unref_timer.ts";
import { errorReason } from "../text/error_reason.ts";
import { printError } from "../text/printable_error.ts";
import { quote } from "../text/quote.ts";
import type { WebhookInfo } from "../updates/webhook_info.ts";
import { duration, explainWebhook, pendingUpdates, type WebhookFinding } from "./explain_webhook.ts";
import { plainWebhookInfo, readWebhookInfo } from "./webhook_info.ts";

/** The webhook as it should be: parameters of `setWebhook`, each optional. */
export interface ExpectedWebhook
  extends Partial<Omit<SetWebhookParams, "secret_token" | "drop_pending_updates">> {
  /** The secret token to register again, or `null` for none. Required for `repair`; Telegram does not reveal it. */
  readonly secret_token?: string | null | undefined;
}

/** Options of {@link watchWebhook}. */
export interface WatchWebhookOptions {
  /** Called once when a problem begins, and once when it is over. What it throws is logged. */
  readonly onFinding: (finding: WatchedFinding) => unknown;
  /** How often to ask Telegram, in milliseconds. Default: 60 000; from 1000 to 86 400 000. */
  readonly everyMs?: number | undefined;
  /** The webhook as it should be. `url` and `allowed_updates` are by default what Telegram says at the first check. */
  readonly expected?: ExpectedWebhook | undefined;
  /**
   * The certificate that the server or its proxy uses, to report when it is near its end: PEM text, or `{ file }` with
   * the path of a PEM file, which is read at each check. Default: none is checked.
   */
  readonly certificate?: string | { readonly file: string } | undefined;
  /** How many pending updates are normal. Default: 100. More and more pending updates are reported below that, too. */
  readonly maxPending?: number | undefined;
  /**
   * Whether to set the webhook again if it was deleted, stolen or has other `allowed_updates`. Needs `expected.url` and
   * `expected.secret_token`. Default: `false`.
   */
  readonly repair?: boolean | undefined;
  /** Ends the watch. */
  readonly signal?: AbortSignal | undefined;
}

/** A problem that began, or is over. */
export interface WatchedFinding extends WebhookFinding {
  /** Whether the problem is over; its text then says what it was, and how long it lasted. */
  readonly isOver: boolean;
  /** When it was first seen, in Unix milliseconds. */
  readonly since: number;
  /** Whether the webhook was set again because of it. */
  readonly isRepaired: boolean;
}

/** A watch on a webhook, made by {@link watchWebhook}. */
export interface WebhookWatch {
  /** Checks now, and resolves with the problems that there are, once they were reported. */
  check(): Promise<readonly WebhookFinding[]>;
  /** Ends the watch. A check that is under way is aborted. */
  close(): void;
}

const OPTION_NAMES = {
  onFinding: true,
  everyMs: true,
  expected: true,
  certificate: true,
  maxPending: true,
  repair: true,
  signal: true,
} satisfies Record<keyof WatchWebhookOptions, true>;

const EXPECTED_NAMES = {
  url: true,
  certificate: true,
  ip_address: true,
  max_connections: true,
  allowed_updates: true,
  secret_token: true,
} satisfies Record<keyof ExpectedWebhook, true>;

/**
 * Asks Telegram regularly about the webhook, and reports what goes wrong: a webhook that was deleted, or that another
 * program set to another URL or to other `allowed_updates`; deliveries that fail; more and more pending updates; a
 * certificate that is near its end; a Bot API that cannot be reached.
 *
 * Each problem is reported once when it begins and once when it is over. Nothing is changed unless `repair` is `true`.
 * The first check begins immediately. The watch alone does not keep the process running.
 *
 * @param api The bot's client.
 * @param options `onFinding` (required), `everyMs` (60 000), `expected` (what the first check finds), `certificate`,
 * `maxPending` (100), `repair` (`false`), `signal`.
 * @returns The watch, to check now or to close it.
 * @throws {TelehookError} `ERR_OPTION`
 * @see https://core.telegram.org/bots/api#getwebhookinfo
 *
 * @example
 * ```ts
 * import { botApi, watchWebhook } from "@telehook/telehook";
 *
 * const info = { ok: true, result: { url: "", has_custom_certificate: false, pending_update_count: 2 } };
 * const api = botApi("123456789:AAexample", { fetch: () => Promise.resolve(Response.json(info)) }); // leave `fetch` out
 * const watch = watchWebhook(api, {
 *   expected: { url: "https://bot.example.org/telegram", allowed_updates: ["message"] },
 *   onFinding: ({ isOver, text, advice }) => console.log(isOver ? "over" : "problem", text, advice),
 * });
 * await watch.check(); // not needed: it checks every minute
 * watch.close();
 * ```
 */
export function watchWebhook(api: BotApi, options: WatchWebhookOptions): WebhookWatch {
  checkOptionNames("watchWebhook", options, OPTION_NAMES);
  const { onFinding, expected = {}, certificate, repair, signal } = options;
  if (onFinding === undefined) {
    throw new TelehookError(
      "ERR_OPTION",
      'watchWebhook needs "onFinding", a function that gets what it finds',
    );
  }
  checkFunction("onFinding", onFinding);
  checkBotApi("api", api ?? null);
  checkOptionNames('"expected"', expected, EXPECTED_NAMES);
  checkText("expected.ip_address", expected.ip_address);
  checkNumber("expected.max_connections", expected.max_connections, { default: 40, min: 1, max: 100_000 });
  checkTexts("expected.allowed_updates", expected.allowed_updates);
  if (expected.secret_token != null) assertSecretToken(expected.secret_token);
  checkValue("certificate", certificate, "PEM text or { file }", isCertificate);
  checkBoolean("repair", repair);
  checkSignal("signal", signal);
  const everyMs = checkNumber("everyMs", options.everyMs, { default: 60_000, min: 1000, max: 86_400_000 });
  const maxPending = checkNumber("maxPending", options.maxPending, { default: 100, min: 0, max: 100_000 });
  if (repair && (expected.url === undefined || expected.secret_token === undefined)) {
    throw new TelehookError(
      "ERR_OPTION",
      '"repair" needs "expected.url" and "expected.secret_token": the secret to register again, or null for none',
    );
  }
  const watch = new Watch(api, {
    onFinding,
    expected: { ...expected, ...expected.url !== undefined && { url: expectedUrl(expected.url) } },
    certificate,
    maxPending,
    repair: repair === true,
  });
  watch.start(everyMs, signal);
  return { check: () => watch.check(), close: () => watch.close() };
}

interface WatchParts {
  readonly onFinding: WatchWebhookOptions["onFinding"];
  readonly expected: ExpectedWebhook;
  readonly certificate: string | { readonly file: string } | undefined;
  readonly maxPending: number;
  readonly repair: boolean;
}

/** A problem that was reported and is not over. */
interface Incident {
  readonly finding: WebhookFinding;
  readonly since: number;
}

const REPAIRABLE: ReadonlySet<string> = new Set(["noWebhook", "otherUrl", "otherAllowedUpdates"]);

/** After this many checks with more and more pending updates, the bot does not keep up. */
const GROWING_CHECKS = 3;
/** The time limit of a call: a silent connection must not end the watch. */
const CALL_MS = 30_000;
const MIN_GROWING = 10;

class Watch {
  readonly #api: BotApi;
  readonly #parts: WatchParts;
  readonly #closing = new AbortController();
  readonly #incidents = new Map<string, Incident>();
  /** What is expected, completed by what the first check found. */
  #expected: ExpectedWebhook;
  #checking: Promise<readonly WebhookFinding[]> | undefined;
  /** The last counts of pending updates, the newest last. */
  #pending: number[] = [];
  /** While many updates are pending: at or below this many, that is over. */
  #fewPending: number | undefined;

  constructor(api: BotApi, parts: WatchParts) {
    this.#api = api;
    this.#parts = parts;
    this.#expected = parts.expected;
  }

  start(everyMs: number, signal: AbortSignal | undefined): void {
    if (signal?.aborted) return this.close();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const next = async (): Promise<void> => {
      await this.check();
      if (this.#closing.signal.aborted) return;
      timer = setTimeout(() => void next(), everyMs);
      unrefTimer(timer);
    };
    const close = (): void => this.close();
    signal?.addEventListener("abort", close, { once: true });
    this.#closing.signal.addEventListener("abort", () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", close);
    });
    void next();
  }

  close(): void {
    this.#closing.abort();
  }

  check(): Promise<readonly WebhookFinding[]> {
    return this.#checking ??= this.#check().finally(() => this.#checking = undefined);
  }

  async #check(): Promise<readonly WebhookFinding[]> {
    if (this.#closing.signal.aborted) return [];
    const findings: WebhookFinding[] = [];
    let isRepaired = false;
    let info: WebhookInfo | undefined;
    try {
      info = plainWebhookInfo(await readWebhookInfo(this.#api, { signal: this.#callSignal() }));
      findings.push(...await this.#problems(info));
    } catch (error) {
      findings.push({ code: "unreachable", severity: "problem", text: errorText(error) });
    }
    if (this.#closing.signal.aborted) return [];
    if (this.#parts.repair && findings.some(({ code }) => REPAIRABLE.has(code))) {
      const failure = await this.#repair();
      if (this.#closing.signal.aborted) return [];
      isRepaired = failure === undefined;
      if (failure !== undefined) findings.push(failure);
    }
    this.#report(findings, info !== undefined, isRepaired);
    return findings;
  }

  #callSignal(): AbortSignal {
    return anySignal([this.#closing.signal, AbortSignal.timeout(CALL_MS)]);
  }

  async #problems(info: WebhookInfo): Promise<WebhookFinding[]> {
    if (info.url !== "") {
      const { url = info.url, allowed_updates = info.allowed_updates ?? [] } = this.#expected;
      this.#expected = { ...this.#expected, url, allowed_updates };
    }
    const context = {
      now: Date.now() / 1000,
      isTelegram: false, // setWebhook has checked the URL
      url: this.#expected.url,
      allowed_updates: this.#expected.allowed_updates,
      maxPending: this.#parts.maxPending,
      certificate: this.#parts.certificate && await certificateText(this.#parts.certificate),
    };
    const problems = explainWebhook(info, context)
      .filter(({ severity, code }) => severity === "problem" && code !== "pending");
    return [...problems, ...this.#pendingProblem(info.pending_update_count)];
  }

  /** Too many or more and more pending updates, until there are half as many: a count that varies is one incident. */
  #pendingProblem(pending: number): WebhookFinding[] {
    this.#pending = [...this.#pending, pending].slice(-1 - GROWING_CHECKS);
    const isGrowing = this.#pending.length > GROWING_CHECKS && pending >= MIN_GROWING &&
      this.#pending.every((count, index) => index === 0 || count > (this.#pending[index - 1] ?? 0));
    if (this.#fewPending !== undefined && pending <= this.#fewPending) this.#fewPending = undefined;
    else if (pending > this.#parts.maxPending || isGrowing) this.#fewPending ??= Math.floor(pending / 2);
    if (this.#fewPending === undefined) return [];
    return [{
      code: "pending",
      severity: "problem",
      text: `${pendingUpdates(pending)}${
        isGrowing ? `: more at each of the last ${GROWING_CHECKS} checks` : ""
      }`,
      advice: "Look for failing or slow handlers, or raise max_connections",
    }];
  }

  async #repair(): Promise<WebhookFinding | undefined> {
    const { url = "", secret_token, ...params } = this.#expected;
    try {
      await this.#api.setWebhook({ ...params, url, secret_token: secret_token ?? undefined }, {
        signal: this.#callSignal(),
      });
      return undefined;
    } catch (error) {
      return {
        code: "repairFailed",
        severity: "problem",
        text: `The webhook could not be set again. ${errorText(error)}`,
      };
    }
  }

  /** Reports what began and what is over. While the Bot API cannot be asked, nothing else is known to be over. */
  #report(findings: readonly WebhookFinding[], isInfoKnown: boolean, isRepaired: boolean): void {
    const now = Date.now();
    for (const finding of findings) {
      if (this.#incidents.has(finding.code)) continue;
      this.#incidents.set(finding.code, { finding, since: now });
      const isFixed = isRepaired && REPAIRABLE.has(finding.code);
      this.#tell({ ...finding, isOver: false, since: now, isRepaired: isFixed });
    }
    if (!isInfoKnown) return;
    for (const [code, { finding, since }] of this.#incidents) {
      if (findings.some((each) => each.code === code)) continue;
      this.#incidents.delete(code);
      const text = `Over after ${duration((now - since) / 1000)}: ${finding.text}`;
      this.#tell({ ...finding, text, isOver: true, since, isRepaired: false });
    }
  }

  #tell(finding: WatchedFinding): void {
    const failed = (error: unknown): void => printError("telehook: onFinding failed:", error);
    try {
      Promise.resolve(this.#parts.onFinding(finding)).catch(failed);
    } catch (error) {
      failed(error);
    }
  }
}

/** The certificate, or why it cannot be read, which no certificate is: then that is the finding. */
async function certificateText(certificate: string | { readonly file: string }): Promise<string> {
  try {
    return await readPem(certificate);
  } catch (error) {
    return errorText(error);
  }
}

function errorText(error: unknown): string {
  if (error instanceof Error && error.name === "TimeoutError") {
    return `The Bot API did not answer within ${CALL_MS / 1_000} s`;
  }
  return error instanceof TelehookError ? error.message : errorReason(error);
}

function isCertificate(value: unknown): boolean {
  if (typeof value === "string") return true;
  return typeof value === "object" && value !== null && "file" in value && typeof value.file === "string";
}

function expectedUrl(url: unknown): string {
  const text = typeof url === "string" ? url.trim() : "";
  const withScheme = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `https://${text}`;
  if (text !== "" && URL.canParse(withScheme)) return new URL(withScheme).href;
  throw new TelehookError("ERR_OPTION", `"expected.url" must be the URL of the webhook, not ${quote(url)}`);
}
