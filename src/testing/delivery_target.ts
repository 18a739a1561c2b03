import { isIPv4 } from "node:net";
import type { SocketAddress } from "./network.ts";
import { addressOf, type WebhookUrl } from "./webhook_url.ts";

/** How the test server treats the addresses of webhooks. */
export interface AddressRules {
  /**
   * Applies all of Telegram's refusals: HTTP, other ports than 80, 88, 443 and 8443, IPv6, reserved addresses such as
   * 127.0.0.1. Without it, a webhook may be on any port of this machine. Default: false.
   */
  strict?: boolean;
  /**
   * Where the webhooks of public addresses really are, such as `{ "bot.example:443": "127.0.0.1:5000" }`. With a list,
   * connections go to its addresses in turn, as to processes that share a port. The test server connects to nothing but loopback addresses. The addresses set aside for documentation (192.0.2.0/24,
   * 198.51.100.0/24, 203.0.113.0/24) count as public when they are listed here.
   */
  resolve?: Readonly<Record<string, string | readonly string[]>>;
}

const WEBHOOK_PORTS: ReadonlySet<number> = new Set([80, 88, 443, 8443]);

/** The networks in which no webhook can be, as Telegram's server lists them. */
const RESERVED_NETWORKS: readonly string[] = [
  "0.0.0.0/8",
  "10.0.0.0/8",
  "100.64.0.0/10",
  "127.0.0.0/8",
  "169.254.0.0/16",
  "172.16.0.0/12",
  "192.0.0.0/24",
  "192.0.2.0/24",
  "192.88.99.0/24",
  "192.168.0.0/16",
  "198.18.0.0/15",
  "198.51.100.0/24",
  "203.0.113.0/24",
  "224.0.0.0/3",
];

/**
 * Where to connect for a webhook, and which address to show for it.
 *
 * @throws {Error} with the words that setWebhook puts behind `Bad Request: bad webhook:`.
 */
export function deliveryTarget(
  url: WebhookUrl,
  fixedAddress: string,
  strict: boolean,
  routes: readonly SocketAddress[] | undefined,
): { address: string; port: number; shownAddress: string } {
  if (strict && url.protocol === "https" && !WEBHOOK_PORTS.has(url.port)) {
    throw new Error("Webhook can be set up only on ports 80, 88, 443 or 8443");
  }
  if (strict && url.protocol === "http") throw new Error("An HTTPS URL must be provided for webhook");
  if (fixedAddress && !addressOf(fixedAddress)) throw new Error("Invalid IP address specified");
  const named = fixedAddress || addressOf(url.host);
  const [mapped] = routes ?? [];
  if (strict && named) checkPublic(named, mapped !== undefined);
  if (mapped) return { ...mapped, shownAddress: named ?? mapped.address };
  const address = named ?? (url.host === "localhost" ? "127.0.0.1" : undefined);
  if (address && isLoopback(address)) {
    return { address, port: url.port, shownAddress: address };
  }
  throw new Error(
    `Failed to resolve host: the test server connects to loopback addresses only; map "${url.host}:${url.port}" ` +
      `to one with the option "resolve"`,
  );
}

/**
 * Reads an address such as `"127.0.0.1:5000"`.
 *
 * @throws {RangeError} if it is not a loopback address with a port.
 */
export function readAddress(text: string): SocketAddress {
  const colon = text.lastIndexOf(":");
  const [address, port] = [text.slice(0, colon), Number(text.slice(colon + 1))];
  if (isLoopback(address) && Number.isInteger(port) && port > 0) return { address, port };
  throw new RangeError(
    `The test server connects to loopback addresses only: use one such as "127.0.0.1:5000", not "${text}"`,
  );
}

function checkPublic(address: string, isMapped: boolean): void {
  if (!isIPv4(address)) throw new Error("IPv6-only addresses are not allowed");
  const network = RESERVED_NETWORKS.find((cidr) => contains(cidr, address));
  const standsForPublic = isMapped && /^(192\.0\.2|198\.51\.100|203\.0\.113)\./.test(address);
  if (network && !standsForPublic) throw new Error(`IP address ${address} is reserved`);
}

function isLoopback(address: string): boolean {
  return isIPv4(address) ? contains("127.0.0.0/8", address) : address === "::1";
}

function contains(cidr: string, address: string): boolean {
  const [network = "", bits = "32"] = cidr.split("/");
  const size = 2 ** (32 - Number(bits));
  return Math.floor(toNumber(network) / size) === Math.floor(toNumber(address) / size);
}

function toNumber(address: string): number {
  return address.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
}
