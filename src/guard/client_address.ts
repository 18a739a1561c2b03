import { TelehookError } from "../errors/telehook_error.ts";
import { checkOptionNames } from "../checks/options.ts";
import { quote } from "../text/quote.ts";
import { type AddressCheck, addressCheck } from "./address_ranges.ts";
import type { DeliveryHead } from "./head.ts";
import { parseIpAddress } from "./ip_address.ts";

/** The proxies that are trusted to name the client's address, and the header in which they do. */
export interface TrustedProxy {
  /**
   * Addresses or CIDR ranges of your own proxies. `"platform"` means that the platform itself sets the header on every
   * request and that requests cannot arrive any other way, as on Cloudflare Workers. The socket's address is ignored then.
   */
  readonly addresses: readonly string[] | "platform";
  /**
   * The header with the client's address: a list like `X-Forwarded-For`, whose last entry was written by the nearest
   * proxy, or a single address such as `CF-Connecting-IP`. Default: `"x-forwarded-for"`.
   */
  readonly header?: string;
}

/** Finds the client's address: that of the socket, or the one that a trusted proxy names. */
export type ClientAddress = (head: DeliveryHead) => string | undefined;

/**
 * Returns the function for the `trustedProxy` option. Without the option, forwarding headers are ignored.
 *
 * @throws {TelehookError} `ERR_OPTION` or `ERR_ADDRESS` if the option is invalid.
 */
export function clientAddress(option: TrustedProxy | undefined): ClientAddress {
  if (option === undefined) return (head) => head.address;
  checkOptionNames("trustedProxy", option, ["addresses", "header"]);
  const { addresses, header = "x-forwarded-for" } = option;
  if (typeof header !== "string" || !/^[A-Za-z0-9-]+$/.test(header)) {
    throw new TelehookError(
      "ERR_OPTION",
      `"trustedProxy.header" must be the name of a header, not ${quote(header)}`,
    );
  }
  const name = header.toLowerCase();
  const trusts: AddressCheck | undefined = addresses === "platform"
    ? undefined
    : addressCheck("trustedProxy.addresses", addresses);

  return (head) => {
    const list = head.header(name);
    if (trusts === undefined) return list ? lastIn(list) : undefined;
    const peer = head.address;
    if (peer === undefined || !trusts(peer) || !list) return peer;
    // From the nearest hop backwards: the first that is not one of ours is the client, since everything before it is unverified.
    let client = peer;
    for (const hop of list.split(",").reverse()) {
      client = bare(hop);
      if (!trusts(client)) break;
    }
    return client;
  };
}

function lastIn(list: string): string {
  return bare(list.slice(list.lastIndexOf(",") + 1));
}

/** A hop without port and brackets: some proxies write `192.0.2.1:4711` or `[2001:db8::1]:4711`. */
function bare(hop: string): string {
  const text = hop.trim();
  if (parseIpAddress(text) !== undefined) return text;
  const withPort = /^(?:\[([^\]]+)\]|([\d.]+))(?::\d+)?$/.exec(text);
  return withPort?.[1] ?? withPort?.[2] ?? text;
}
