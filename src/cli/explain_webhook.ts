import { ALL_UPDATE_KINDS, OPT_IN_UPDATE_KINDS, type WebhookInfo } from "../../mod.ts";
import { explainError } from "./explain_error.ts";
import { BOT_TOKEN } from "../text/quote.ts";

/** Something that is worth to be said about a webhook. */
export interface Finding {
  /** `"problem"` keeps updates from coming, `"hint"` may, `"good"` is as it should be. */
  readonly weight: "problem" | "hint" | "good";
  readonly text: string;
  /** What to do. */
  readonly advice?: string;
}

/** What is known beside what Telegram says. */
export interface Surroundings {
  /** The time, in Unix seconds. */
  readonly now: number;
  /** The address that the user wants the webhook to have, if that was said. */
  readonly wantedUrl: string | undefined;
  /** Whether it is Telegram's own server that was asked, with its rules for addresses. */
  readonly isTelegram: boolean;
}

const PORTS: readonly string[] = ["", "443", "80", "88", "8443"];

/** Errors that are older than this, in seconds, say little about now. */
const LONG_AGO = 3600;
/** From so many waiting updates on, the bot does not keep up. */
const MANY_WAITING = 100;

/** What is wrong with a webhook and what to do, the worst first. */
export function explainWebhook(info: WebhookInfo, around: Surroundings): Finding[] {
  if (info.url === "") return withoutWebhook(info, around);
  const findings = [
    ...aboutError(info, around),
    ...aboutAddress(info, around),
    ...aboutCertificate(info),
    ...aboutKinds(info),
    ...aboutWaiting(info),
  ];
  const order = ["problem", "hint", "good"];
  findings.sort((a, b) => order.indexOf(a.weight) - order.indexOf(b.weight));
  if (!findings.some(({ weight }) => weight === "problem")) {
    findings.push({ weight: "good", text: "Nothing keeps updates from being delivered" });
  }
  return findings;
}

function withoutWebhook({ pending_update_count }: WebhookInfo, { wantedUrl }: Surroundings): Finding[] {
  const waiting = pending_update_count > 0
    ? `, and ${updates(pending_update_count)} for up to 24 hours until it is or getUpdates fetches them`
    : "";
  return [{
    weight: "problem",
    text: `No webhook is set${waiting}`,
    advice: `Set it: telehook set --url ${wantedUrl ?? "https://bot.example.org/hook"}`,
  }];
}

function aboutError(info: WebhookInfo, { now }: Surroundings): Finding[] {
  const findings: Finding[] = [];
  const { last_error_date, last_error_message, last_synchronization_error_date, pending_update_count } = info;
  if (last_error_message !== undefined && last_error_date !== undefined) {
    const age = now - last_error_date;
    const explained = explainError(last_error_message);
    // Telegram tells of no success, but a failed update waits until it succeeds or expires.
    const isOver = pending_update_count === 0;
    const passed = isOver
      ? "; nothing waits any more, so it has passed"
      : age > LONG_AGO
      ? "; that is long ago"
      : "";
    findings.push({
      weight: isOver || age > LONG_AGO ? "hint" : "problem",
      text: `The last failed delivery was ${ago(age)}${passed}. ${
        explained?.meaning ?? "See its message above"
      }`,
      ...explained && { advice: explained.advice },
    });
  }
  if (last_synchronization_error_date !== undefined && now - last_synchronization_error_date < LONG_AGO) {
    findings.push({
      weight: "hint",
      text: `Telegram's own servers had trouble ${
        ago(now - last_synchronization_error_date)
      } to fetch updates`,
      advice: "Wait: it is not your fault and passes by itself",
    });
  }
  return findings;
}

function aboutAddress({ url }: WebhookInfo, { wantedUrl, isTelegram }: Surroundings): Finding[] {
  const findings: Finding[] = [];
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (wantedUrl !== undefined && parsed !== undefined && wantedUrl !== parsed.href) {
    findings.push({
      weight: "problem",
      text: `Telegram delivers to another address than you want, ${wantedUrl}`,
      advice: `Set it again: telehook set --url ${wantedUrl}`,
    });
  }
  if (isTelegram && parsed?.protocol === "http:") {
    findings.push({ weight: "problem", text: "The URL is not https", advice: "Set one that is" });
  }
  if (isTelegram && parsed !== undefined && !PORTS.includes(parsed.port)) {
    findings.push({
      weight: "problem",
      text: `Telegram does not deliver to port ${parsed.port}`,
      advice: "Use 443, 80, 88 or 8443",
    });
  }
  if (url.search(BOT_TOKEN) !== -1) {
    findings.push({
      weight: "hint",
      text: "The URL has the bot token in it, so it stands in the log of every proxy on the way",
      advice: "Use another path: the secret token does what this was for",
    });
  }
  return findings;
}

function aboutCertificate({ url, has_custom_certificate, last_error_message = "" }: WebhookInfo): Finding[] {
  const isAddress = /^https:\/\/\d+(\.\d+){3}([:/]|$)/.test(url);
  const isRefused = /certificate verify failed/i.test(last_error_message);
  if (has_custom_certificate && isRefused) {
    return [{
      weight: "hint",
      text: "A certificate was uploaded, and the server shows another, or one for another name",
      advice: "Start with telehook listen --self-signed, which uploads the very one that it serves",
    }];
  }
  if (!has_custom_certificate && isAddress) {
    return [{
      weight: "hint",
      text:
        "The URL has a bare IP address and no certificate was uploaded: only a public authority's for this address counts",
      advice: `Start with telehook listen --url ${url} --self-signed`,
    }];
  }
  return [];
}

function aboutKinds({ allowed_updates }: WebhookInfo): Finding[] {
  if (allowed_updates === undefined) {
    return [{
      weight: "good",
      text: `Every kind of update comes but those that must be asked for: ${OPT_IN_UPDATE_KINDS.join(", ")}`,
    }];
  }
  const known: readonly string[] = ALL_UPDATE_KINDS;
  const missing = known.filter((kind) => !allowed_updates.includes(kind));
  if (missing.length === 0) return [];
  const isDeaf = !allowed_updates.some((kind) => /message|channel_post/.test(kind));
  return [{
    weight: "hint",
    text: isDeaf
      ? `No messages come, as allowed_updates has only ${allowed_updates.join(", ")}`
      : `Only these kinds come: ${allowed_updates.join(", ")}`,
    advice: "To get others, set the webhook with telehook set --allowed-updates all, or name them",
  }];
}

function aboutWaiting({ pending_update_count, last_error_message }: WebhookInfo): Finding[] {
  if (pending_update_count < MANY_WAITING || last_error_message !== undefined) return [];
  return [{
    weight: "hint",
    text: `${updates(pending_update_count)}, and none failed: they come faster than your handlers answer`,
    advice: 'Answer sooner (telehook\'s acknowledge: "received"), or set more --max-connections',
  }];
}

/** How many wait, as a sentence has it. */
function updates(count: number): string {
  return count === 1 ? "1 update waits" : `${count} updates wait`;
}

/** So many seconds ago, in words. */
export function ago(seconds: number): string {
  if (seconds < 5) return "just now";
  const [size, unit] = seconds < 120
    ? [1, "seconds"]
    : seconds < 7200
    ? [60, "minutes"]
    : seconds < 172_800
    ? [3600, "hours"]
    : [86_400, "days"];
  return `${Math.round(seconds / size)} ${unit} ago`;
}
