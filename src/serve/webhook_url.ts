import { TelehookError } from "../errors/telehook_error.ts";
import { quote } from "../text/quote.ts";

const TELEGRAM_PORTS = ["", "80", "88", "443", "8443"];

/** A scheme without the `//` of a URL with a host. What is before a port is a host, and `https` is not one. */
const NO_HOST = /^([a-z][a-z0-9+.-]*:(?!\/\/|\d)|https?:(?!\/\/))/i;

/**
 * Parses the URL that Telegram is to deliver to. Without a scheme it is `https://`.
 *
 * @param rules `"telegram"` for what Telegram's own servers require; a Bot API server of your own may accept more.
 * @throws {TelehookError} `ERR_WEBHOOK_URL` if Telegram could not deliver to it.
 * @see https://core.telegram.org/bots/webhooks#the-longer-version
 */
export function webhookUrl(address: unknown, rules: "telegram" | "any"): URL {
  const text = typeof address === "string" ? address.trim() : "";
  const withScheme = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `https://${text}`;
  const url = text === "" || NO_HOST.test(text) ? null : parse(withScheme);
  if (url === null) {
    throw unusable(address, "it is not a URL. Use one such as https://bot.example.org/telegram");
  }
  url.hash = ""; // never meant for a server, yet Telegram would send it
  if (url.protocol !== "https:" && !(rules === "any" && url.protocol === "http:")) {
    throw unusable(
      address,
      "Telegram delivers over https only: put a certificate on the server or a proxy in front of it",
    );
  }
  if (rules === "any") return url;
  if (!TELEGRAM_PORTS.includes(url.port)) {
    throw unusable(address, "Telegram delivers to the ports 80, 88, 443 and 8443 only");
  }
  if (url.hostname.startsWith("[")) {
    throw unusable(address, "Telegram delivers over IPv4 only: use a host name or an IPv4 address");
  }
  return url;
}

function parse(text: string): URL | null {
  return URL.canParse(text) ? new URL(text) : null;
}

function unusable(address: unknown, why: string): TelehookError {
  const shown = typeof address === "string" ? address.replace(/[^/@]*@/, "…@") : address; // without a password
  return new TelehookError("ERR_WEBHOOK_URL", `Telegram cannot deliver to ${quote(shown)}: ${why}`);
}
