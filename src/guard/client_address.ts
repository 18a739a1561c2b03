import { TelehookError } from "../errors/telehook_error.ts";
import { checkOptionNames } from "../checks/options.ts";
import { quote } from "../text/quote.ts";
import { type AddressCheck, addressCheck } from "./address_ranges.ts";
import type { DeliveryHead } from "./head.ts";
import { parseIpAddress } from "./ip_address.ts";

/** Which proxies may say whom they speak for, and in which header. */
export interface TrustedProxy {
  /**
   * Addresses or CIDR ranges of your own proxies. `"platform"` says that the platform itself sets the header on every
   * request and that no other way leads to this code, as on Cloudflare Workers; the socket is then not looked at.
   */
  readonly addresses: readonly string[] | "platform";
  /**
   * The header with the client's address: a list like `X-Forwarded-For`, whose last entry was written by the nearest
   * proxy, or a single address such as `CF-Connecting-IP`. Default: `"x-forwarded-for"`.
   */
  readonly header?: string;
}

/** Finds the client's address: the socket's, or what a trusted proxy says. */
export type ClientAddress = (head: DeliveryHead) => string | undefined;

/**
 * Makes the finder for the `trustedProxy` option. Without one, headers are never believed.
 *
 * @throws {TelehookError} `ERR_OPTION` or `ERR_ADDRESS` if the option makes no sense.
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
    // From the nearest hop backwards: the first that is not ours is as far as anyone we trust can vouch for.
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
