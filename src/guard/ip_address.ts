/**
 * An IP address as numbers that compare: IPv4 as its IPv4-mapped IPv6 address (RFC 4291, section 2.5.5.2), so that
 * `192.0.2.1` and `::ffff:192.0.2.1`, as a dual-stack socket reports it, are equal.
 *
 * @returns Eight groups of 16 bits, or `undefined` if it is not an IP address.
 */
export function parseIpAddress(text: string): readonly number[] | undefined {
  if (!text.includes(":")) {
    const v4 = parseIpv4(text);
    return v4 && [0, 0, 0, 0, 0, 0xffff, ...v4];
  }
  const zone = text.indexOf("%"); // fe80::1%eth0: the zone is this machine's own affair
  return parseIpv6(zone === -1 ? text : text.slice(0, zone));
}

/** Whether the text is an IPv4 address: the length of its prefixes refers to its 32 bits. */
export function isIpv4(text: string): boolean {
  return parseIpv4(text) !== undefined;
}

function parseIpv4(text: string): [number, number] | undefined {
  // No octal or short forms: text that two programs read as different addresses must not pass.
  const parts = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text);
  if (parts === null) return undefined;
  const bytes = parts.slice(1).map(Number);
  if (parts.slice(1).some((each, i) => String(bytes[i]) !== each || Number(each) > 255)) return undefined;
  const [a = 0, b = 0, c = 0, d = 0] = bytes;
  return [a << 8 | b, c << 8 | d];
}

function parseIpv6(text: string): number[] | undefined {
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const isWhole = halves.length === 1;
  const head = groups(halves[0] ?? "", isWhole);
  if (head === undefined) return undefined;
  if (isWhole) return head.length === 8 ? head : undefined;
  const tail = groups(halves[1] ?? "", true);
  if (tail === undefined || head.length + tail.length > 7) return undefined;
  return [...head, ...new Array<number>(8 - head.length - tail.length).fill(0), ...tail];
}

/** @param isEnd Whether the address ends with these, as only its last 32 bits may be written as IPv4. */
function groups(text: string, isEnd: boolean): number[] | undefined {
  if (text === "") return [];
  const parts = text.split(":");
  const found: number[] = [];
  for (const [i, part] of parts.entries()) {
    const v4 = isEnd && i === parts.length - 1 ? parseIpv4(part) : undefined;
    if (v4 !== undefined) found.push(...v4);
    else if (/^[0-9a-f]{1,4}$/i.test(part)) found.push(parseInt(part, 16));
    else return undefined;
  }
  return found;
}
