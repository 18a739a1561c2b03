import { TelehookError } from "../errors/telehook_error.ts";

/** The host of a certificate: a name in lower case and ASCII, or an IPv4 address. */
export interface CertificateHost {
  readonly name: string;
  readonly kind: "name" | "ipv4";
}

const NO_HOST_NAME = "must be letters, digits and hyphens between dots";

/**
 * Checks the host of a certificate. Names beyond ASCII are converted to their `xn--` form.
 *
 * @throws {TelehookError} `ERR_OPTION`: it is a URL, contains a port, a wildcard or anything else that is
 * not part of a host, or is an IPv6 address, to which Telegram does not deliver.
 */
export function readHost(host: string): CertificateHost {
  if (typeof host !== "string" || host === "") throw misuse(host, "must be a host name or an IPv4 address");
  if (host.includes("/")) throw misuse(host, "must be without a scheme and a path");
  if (host.includes("*")) throw misuse(host, "must not be a wildcard: Telegram compares the whole name");
  if (host.startsWith("[") || host.split(":").length > 2) {
    throw misuse(host, "must not be IPv6: Telegram uses IPv4");
  }
  if (host.includes(":")) throw misuse(host, "must be without a port");
  const name = toAscii(host);
  const labels = name.split(".");
  if (/^(\d+|0x[\da-f]*)$/.test(labels.at(-1) ?? "")) {
    return { name: requireIpv4(host, labels), kind: "ipv4" };
  }
  const isName = labels.every((label) => /^[a-z\d]([a-z\d-]{0,61}[a-z\d])?$/.test(label));
  if (!isName || name.length > 253) {
    throw misuse(host, NO_HOST_NAME);
  }
  return { name, kind: "name" };
}

function toAscii(host: string): string {
  // Characters that end the host of a URL must not reach the URL parser.
  if (!/^[a-z\d.\-\u0080-\uffff]+$/i.test(host)) throw misuse(host, NO_HOST_NAME);
  if (/^[a-z\d.-]+$/i.test(host)) return host.toLowerCase();
  try {
    return new URL(`http://${host}`).hostname;
  } catch {
    throw misuse(host, NO_HOST_NAME);
  }
}

function requireIpv4(host: string, labels: string[]): string {
  const isAddress = labels.length === 4 &&
    labels.every((label) => /^(0|[1-9]\d{0,2})$/.test(label) && Number(label) < 256);
  if (!isAddress) throw misuse(host, "looks like an address and must be four numbers up to 255 between dots");
  return labels.join(".");
}

function misuse(host: string, message: string): TelehookError {
  return new TelehookError("ERR_OPTION", `"host" ${message}, not "${host}"`);
}
