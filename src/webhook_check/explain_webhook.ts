import { nodeBuiltin } from "../platform/node_builtin.ts";
import { plainText } from "../text/plain_text.ts";
import { BOT_TOKEN, withoutTokens } from "../text/quote.ts";
import { ALL_UPDATE_KINDS, OPT_IN_UPDATE_KINDS } from "../updates/update_kind.ts";
import type { WebhookInfo } from "../updates/webhook_info.ts";
import { explainError } from "./explain_error.ts";

/** Something that is worth knowing about a webhook. */
export interface WebhookFinding {
  /**
   * What it is about. The codes do not change; the texts may.
   *
   * - `noWebhook`: no webhook is set.
   * - `otherUrl`: Telegram delivers to another URL than expected.
   * - `otherAllowedUpdates`: Telegram delivers other kinds of update than expected.
   * - `deliveryFailed`: the last delivery that failed.
   * - `pending`: many updates are pending, or more and more.
   * - `certificateEnds`: the certificate has expired or soon will.
   * - `certificate`: the certificate is not the one that Telegram needs.
   * - `url`: Telegram does not deliver to such a URL, or the URL contains the bot token.
   * - `telegramTrouble`: Telegram itself had trouble.
   * - `subscribed`: the kinds of update that are delivered.
   * - `working`: nothing prevents deliveries.
   * - `unreachable`: the Bot API could not be asked. Only from `watchWebhook`.
   * - `repairFailed`: the webhook could not be set again. Only from `watchWebhook`.
   */
  readonly code:
    | "noWebhook"
    | "otherUrl"
    | "otherAllowedUpdates"
    | "deliveryFailed"
    | "pending"
    | "certificateEnds"
    | "certificate"
    | "url"
    | "telegramTrouble"
    | "subscribed"
    | "working"
    | "unreachable"
    | "repairFailed";
  /** A `"problem"` prevents deliveries or soon will, a `"hint"` may explain one, `"good"` is as it should be. */
  readonly severity: "problem" | "hint" | "good";
  /** What was found, without a period at its end. */
  readonly text: string;
  /** What to do. */
  readonly advice?: string;
}

/** What is known in addition to what Telegram reports. */
export interface WebhookContext {
  /** The time, in Unix seconds. */
  readonly now: number;
  /** Whether Telegram's own server was asked, which has rules for URLs. */
  readonly isTelegram: boolean;
  /** The URL that the webhook should have. */
  readonly url?: string | undefined;
  /** The kinds of update that should be delivered. */
  readonly allowed_updates?: readonly string[] | undefined;
  /** More pending updates than this are a problem. */
  readonly maxPending?: number | undefined;
  /** The certificate that the server uses, in PEM. */
  readonly certificate?: string | undefined;
}

const PORTS: readonly string[] = ["", "443", "80", "88", "8443"];

/** A delivery that still fails is tried again within 2 minutes: an older error, in seconds, may have passed. */
const STILL_FAILING = 300;
/** Errors that are older than this, in seconds, say little about now. */
const LONG_AGO = 3600;
/** From this many pending updates on, the bot does not keep up. */
const MANY_PENDING = 100;

const SEVERITIES = ["problem", "hint", "good"];

/** What is wrong with a webhook and what to do, the worst first. */
export function explainWebhook(info: WebhookInfo, context: WebhookContext): WebhookFinding[] {
  if (info.url === "") return [...withoutWebhook(info, context), ...aboutCertificateEnd(context)];
  const findings = [
    ...aboutError(info, context),
    ...aboutUrl(info, context),
    ...aboutCertificate(info),
    ...aboutCertificateEnd(context),
    ...aboutKinds(info, context),
    ...aboutPending(info, context),
  ];
  findings.sort((a, b) => SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity));
  if (!findings.some(({ severity }) => severity === "problem")) {
    findings.push({ code: "working", severity: "good", text: "Nothing prevents deliveries" });
  }
  return findings;
}

function withoutWebhook({ pending_update_count }: WebhookInfo, { url }: WebhookContext): WebhookFinding[] {
  const pending = pending_update_count > 0
    ? `. ${pendingUpdates(pending_update_count)}; Telegram keeps ${
      pending_update_count === 1 ? "it" : "them"
    } for up to 24 hours`
    : "";
  return [{
    code: "noWebhook",
    severity: "problem",
    text: `No webhook is set${pending}`,
    advice: `Set it: telehook set --url ${url ?? "https://bot.example.org/hook"}`,
  }];
}

function aboutError(info: WebhookInfo, { now }: WebhookContext): WebhookFinding[] {
  const findings: WebhookFinding[] = [];
  const { last_error_date, last_error_message, last_synchronization_error_date, pending_update_count } = info;
  if (last_error_message !== undefined && last_error_date !== undefined) {
    const age = now - last_error_date;
    const explained = explainError(last_error_message);
    // Telegram does not report success, but a failed update stays pending until it is delivered or expires.
    const isOver = pending_update_count === 0;
    const passed = isOver
      ? "; no update is pending, so it has passed"
      : age > LONG_AGO
      ? "; that is long ago"
      : age > STILL_FAILING
      ? "; since then no other delivery failed, so it may have passed"
      : "";
    findings.push({
      code: "deliveryFailed",
      severity: passed === "" ? "problem" : "hint",
      text: `The last failed delivery was ${ago(age)}${passed}. ${
        explained?.meaning ?? `Telegram says: ${last_error_message}`
      }`,
      ...explained && { advice: explained.advice },
    });
  }
  if (last_synchronization_error_date !== undefined && now - last_synchronization_error_date < LONG_AGO) {
    findings.push({
      code: "telegramTrouble",
      severity: "hint",
      text: `Telegram had trouble fetching updates ${ago(now - last_synchronization_error_date)}`,
      advice: "This is a problem on Telegram's side; no action is needed",
    });
  }
  return findings;
}

function aboutUrl({ url }: WebhookInfo, { url: expected, isTelegram }: WebhookContext): WebhookFinding[] {
  const findings: WebhookFinding[] = [];
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  const problem = (code: "otherUrl" | "url", text: string, advice: string) =>
    findings.push({ code, severity: "problem", text, advice });
  if (expected !== undefined && parsed !== undefined && expected !== parsed.href) {
    problem(
      "otherUrl",
      `Telegram delivers to ${withoutTokens(url)}, not to the expected URL, ${withoutTokens(expected)}`,
      `Set it again: telehook set --url ${withoutTokens(expected)}`,
    );
  }
  if (isTelegram && parsed?.protocol === "http:") problem("url", "The URL is not https", "Use an https URL");
  if (isTelegram && parsed !== undefined && !PORTS.includes(parsed.port)) {
    problem("url", `Telegram does not deliver to port ${parsed.port}`, "Use port 443, 80, 88 or 8443");
  }
  if (url.search(BOT_TOKEN) !== -1) {
    findings.push({
      code: "url",
      severity: "hint",
      text: "The URL contains the bot token, so the log of every proxy on the way contains it",
      advice: "Use another path. The secret token proves that a request comes from Telegram",
    });
  }
  return findings;
}

function aboutCertificate(
  { url, has_custom_certificate, last_error_message = "" }: WebhookInfo,
): WebhookFinding[] {
  if (!/certificate verify failed/i.test(last_error_message)) return [];
  if (has_custom_certificate) {
    return [{
      code: "certificate",
      severity: "hint",
      text: "A certificate was uploaded, but the server uses another one, or one for another name",
      advice: "Start with telehook listen --self-signed, which uploads the certificate that it uses",
    }];
  }
  if (!/^https:\/\/\d+(\.\d+){3}([:/]|$)/.test(url)) return [];
  return [{
    code: "certificate",
    severity: "hint",
    text:
      "The host is an IP address and no certificate was uploaded, so only one from a public CA is accepted",
    advice: `Start with telehook listen --url ${withoutTokens(url)} --self-signed`,
  }];
}

interface Crypto {
  readonly X509Certificate: new (pem: string) => { readonly validFrom: string; readonly validTo: string };
}

const DAY = 86_400;

/** A certificate is near its end when less than a sixth of its lifetime is left, but not sooner than 14 days before. */
function aboutCertificateEnd({ certificate, now }: WebhookContext): WebhookFinding[] {
  if (certificate === undefined) return [];
  const { X509Certificate } = nodeBuiltin<Crypto>("node:crypto");
  const [first] = /-----BEGIN [^-]*CERTIFICATE-----[^-]+-----END [^-]*-----/.exec(certificate) ?? [];
  if (first === undefined) {
    return [{
      code: "certificate",
      severity: "problem",
      text: `The certificate is not PEM text: ${plainText(certificate, 200)}`,
    }];
  }
  const { validFrom, validTo } = new X509Certificate(first);
  const [start, end] = [Date.parse(validFrom) / 1000, Date.parse(validTo) / 1000];
  const left = end - now;
  if (left > Math.min(14 * DAY, (end - start) / 6)) return [];
  const date = new Date(end * 1000).toISOString().slice(0, 10);
  return [{
    code: "certificateEnds",
    severity: "problem",
    text: left > 0
      ? `The certificate expires in ${duration(left)}, on ${date}`
      : `The certificate expired ${ago(-left)}, on ${date}`,
    advice: "Renew it, and start the server with the new one",
  }];
}

function aboutKinds(
  { allowed_updates = [] }: WebhookInfo,
  { allowed_updates: expected }: WebhookContext,
): WebhookFinding[] {
  if (expected !== undefined) {
    const [actual, wanted] = [kindsOf(allowed_updates), kindsOf(expected)];
    const missing = wanted.filter((kind) => !actual.includes(kind));
    const extra = actual.filter((kind) => !wanted.includes(kind));
    if (missing.length + extra.length > 0) {
      return [{
        code: "otherAllowedUpdates",
        severity: missing.length > 0 ? "problem" : "hint",
        text: missing.length > 0
          ? `Telegram does not deliver these expected kinds of update: ${missing.join(", ")}`
          : `Telegram also delivers these kinds of update, which are not expected: ${extra.join(", ")}`,
        advice: `Set the webhook again with telehook set --allowed-updates ${
          expected.length === 0 ? "default" : expected.join(",")
        }`,
      }];
    }
  }
  return [{ code: "subscribed", severity: "good", text: `Subscribed to ${describeKinds(allowed_updates)}` }];
}

/** The kinds of update that are delivered, in words. None named are all but the opt-in ones. */
export function describeKinds(allowed_updates: readonly string[] | undefined = []): string {
  if (allowed_updates.length === 0) {
    return `every kind of update except ${OPT_IN_UPDATE_KINDS.join(", ")}, which must be named`;
  }
  const isAll = ALL_UPDATE_KINDS.every((kind) => allowed_updates.includes(kind));
  return isAll ? "every kind of update" : allowed_updates.join(", ");
}

function kindsOf(allowed_updates: readonly string[]): readonly string[] {
  if (allowed_updates.length > 0) return allowed_updates;
  const optIn: readonly string[] = OPT_IN_UPDATE_KINDS;
  return ALL_UPDATE_KINDS.filter((kind) => !optIn.includes(kind));
}

function aboutPending(
  { pending_update_count: pending, last_error_message }: WebhookInfo,
  { maxPending }: WebhookContext,
): WebhookFinding[] {
  const isTooMany = maxPending !== undefined && pending > maxPending;
  if (!isTooMany && (pending < MANY_PENDING || last_error_message !== undefined)) return [];
  return [{
    code: "pending",
    severity: isTooMany ? "problem" : "hint",
    text: `${pendingUpdates(pending)}${isTooMany ? `, more than ${maxPending}` : ""}${
      last_error_message === undefined
        ? ", and none has failed: they arrive faster than your handlers answer"
        : ""
    }`,
    advice: last_error_message === undefined
      ? 'Answer sooner (acknowledge: "received"), or raise max_connections (telehook set --max-connections)'
      : "Fix what makes deliveries fail",
  }];
}

/** How many updates are pending, as the beginning of a sentence. */
export function pendingUpdates(count: number): string {
  return count === 1 ? "1 update is pending" : `${count} updates are pending`;
}

/** A time in the past, in words. */
export function ago(seconds: number): string {
  return seconds < 5 ? "just now" : `${duration(seconds)} ago`;
}

/** A duration in words. */
export function duration(seconds: number): string {
  const [size, unit] = seconds < 120
    ? [1, "second"]
    : seconds < 7200
    ? [60, "minute"]
    : seconds < 172_800
    ? [3600, "hour"]
    : [86_400, "day"];
  const count = Math.round(seconds / size);
  return `${count} ${unit}${count === 1 ? "" : "s"}`;
}
