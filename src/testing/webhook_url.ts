import { isIPv4, isIPv6 } from "node:net";
import { domainToASCII } from "node:url";

/** A webhook's address, taken apart as Telegram does. */
export interface WebhookUrl {
  protocol: "http" | "https";
  /** `user:password`, as written, or nothing. */
  userInfo: string;
  /** In lower case and ASCII; an IPv6 address is in brackets. */
  host: string;
  port: number;
  /** Path, query and fragment, as written. */
  path: string;
  /** The `Host` header. */
  hostHeader: string;
}

/** The characters of a host name or user info; beyond ASCII everything is allowed. */
const URL_PART = /^(?:[A-Za-z0-9._!$,~*'();&+=-]|%[0-9A-Fa-f]{2}|[\u0080-\u{10ffff}])*$/u;

/**
 * Takes an address apart. Without a scheme it is HTTPS.
 *
 * @returns Nothing when Telegram calls it an invalid webhook URL.
 */
export function parseWebhookUrl(text: string): WebhookUrl | undefined {
  const scheme = /^([^:/?#@[\]]*):\/\//.exec(text);
  const protocol = (scheme?.[1] ?? "https").toLowerCase();
  if (protocol !== "http" && protocol !== "https") return undefined;
  const rest = text.slice(scheme?.[0].length ?? 0);
  const authorityEnd = rest.search(/[/?#]/);
  const authority = authorityEnd < 0 ? rest : rest.slice(0, authorityEnd);
  const [, userInfo = "", hostPart = "", portPart] =
    /^(?:(.*)@)?(\[[^\]]*\]|[^@]*?)(?::([^:\]@]*))?$/s.exec(authority) ?? [];
  const port = portPart === undefined ? (protocol === "http" ? 80 : 443) : readPort(portPart);
  const host = hostPart.toLowerCase();
  const isAddress = host.startsWith("[") && host.endsWith("]");
  if (!port || !host || host === ".") return undefined;
  if (isAddress ? !isIPv6(host.slice(1, -1)) : !URL_PART.test(host)) return undefined;
  if (!URL_PART.test(userInfo.replaceAll(":", ""))) return undefined;
  const asciiHost = /[^\0-\x7f]/.test(host) ? domainToASCII(host) || host : host;
  const standardPort = protocol === "http" ? 80 : 443;
  return {
    protocol,
    userInfo,
    host: asciiHost,
    port,
    path: escapePath(authorityEnd < 0 ? "" : rest.slice(authorityEnd)),
    hostHeader: port === standardPort ? asciiHost : `${asciiHost}:${port}`,
  };
}

/** The IP address that a URL's host is, or nothing for a name. */
export function addressOf(host: string): string | undefined {
  const bare = host.startsWith("[") ? host.slice(1, -1) : host;
  return isIPv4(bare) || isIPv6(bare) ? bare : undefined;
}

function readPort(text: string): number | undefined {
  const port = /^\d+$/.test(text) ? Number(text) : 0;
  return port > 0 && port <= 65_535 ? port : undefined;
}

function escapePath(text: string): string {
  const path = text.trimEnd();
  const rooted = path.startsWith("/") ? path : `/${path}`;
  return rooted.replace(
    /[\0-\x20]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`,
  );
}
