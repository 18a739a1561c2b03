import { TelehookError } from "../errors/telehook_error.ts";
import { quote } from "../text/quote.ts";
import { isIpv4, parseIpAddress } from "./ip_address.ts";

/**
 * The subnets that Telegram says it delivers from.
 *
 * @see https://core.telegram.org/bots/webhooks#the-short-version
 */
export const TELEGRAM_SUBNETS: readonly string[] = ["149.154.160.0/20", "91.108.4.0/22"];

interface Range {
  readonly groups: readonly number[];
  /** How many of the 128 bits are compared. */
  readonly bits: number;
}

/** Checks whether an address is in one of the ranges. */
export type AddressCheck = (address: string) => boolean;

/**
 * Reads a list of addresses, CIDR ranges (RFC 4632, RFC 4291) and the word `"telegram"`.
 *
 * @throws {TelehookError} `ERR_ADDRESS` if one cannot be read, or the list is empty.
 */
export function addressCheck(option: string, list: unknown): AddressCheck {
  if (!Array.isArray(list) || list.length === 0) {
    throw new TelehookError(
      "ERR_ADDRESS",
      `"${option}" must be an array of at least one address or CIDR range`,
    );
  }
  const ranges = list.flatMap((each) => each === "telegram" ? TELEGRAM_SUBNETS : [each])
    .map((each) => parseRange(option, each));
  return (address) => {
    const groups = parseIpAddress(address);
    return groups !== undefined && ranges.some((range) => contains(range, groups));
  };
}

function parseRange(option: string, text: unknown): Range {
  const parts = typeof text === "string" ? text.split("/") : [];
  const [address = "", prefix] = parts;
  const groups = parseIpAddress(address);
  const most = isIpv4(address) ? 32 : 128;
  const bits = prefix === undefined ? most : /^\d{1,3}$/.test(prefix) ? Number(prefix) : NaN;
  if (groups === undefined || parts.length > 2 || !(bits <= most)) {
    throw new TelehookError(
      "ERR_ADDRESS",
      `"${option}" has ${
        quote(text)
      }, which is neither an IP address, a CIDR range such as "10.0.0.0/8", nor "telegram"`,
    );
  }
  return { groups, bits: bits + 128 - most };
}

function contains({ groups, bits }: Range, address: readonly number[]): boolean {
  for (let i = 0, left = bits; left > 0; i++, left -= 16) {
    const differs = (groups[i] ?? 0) ^ (address[i] ?? 0);
    if ((left >= 16 ? differs : differs >> (16 - left)) !== 0) return false;
  }
  return true;
}
