import { TelehookError } from "../errors/telehook_error.ts";
import { Certificate } from "./certificate.ts";
import { readPem } from "./pem.ts";

const IPV4 = /^\d{1,3}(\.\d{1,3}){3}$/;

/** Whether a certificate in PEM is its own issuer: Telegram must then receive it to verify the server. */
export function isSelfIssued(cert: string): boolean {
  return firstCertificate(cert).isSelfIssued;
}

/**
 * Refuses a certificate by which Telegram could not verify a host.
 *
 * @param cert The certificate in PEM; of several, the first.
 * @param host The host of the webhook's URL.
 * @param isUploaded Whether Telegram receives the certificate, which changes what it compares.
 * @param name What to call the certificate, such as its file.
 * @throws {TelehookError} `ERR_TLS` with what Telegram compares.
 */
export function checkHost(cert: string, host: string, isUploaded: boolean, name: string): void {
  const { kind, names, rest } = compared(firstCertificate(cert), host, isUploaded);
  if (names.some((each) => matches(each.slice(each.search(/[:=]/) + 1), host))) return;
  const which = isUploaded ? "of an uploaded certificate, " : "";
  const list = names.join(", ") || "missing";
  throw new TelehookError(
    "ERR_TLS",
    `${name} is not for ${host}: ${which}Telegram compares its ${kind}, which is ${list}${rest}. Create one that it ` +
      `verifies with telehook cert --host ${host}`,
  );
}

/** What Telegram compares with the host. */
function compared(
  { addresses, dnsNames, commonNames }: Certificate,
  host: string,
  isUploaded: boolean,
): { readonly kind: string; readonly names: readonly string[]; readonly rest: string } {
  // It compares an address with an uploaded certificate as if it were a host name.
  if (IPV4.test(host) && !isUploaded) {
    return { kind: "list of IP addresses", names: addresses.map((each) => `IP:${each}`), rest: "" };
  }
  if (dnsNames.length > 0) {
    const names = dnsNames.map((each) => `DNS:${each}`);
    return { kind: "list of DNS names", names, rest: ", and ignores everything else" };
  }
  return { kind: "common name", names: commonNames.map((each) => `CN=${each}`), rest: "" };
}

function firstCertificate(pem: string): Certificate {
  const blocks = readPem(pem);
  return new Certificate((blocks.find(({ label }) => label === "CERTIFICATE") ?? blocks[0]).bytes);
}

function matches(name: string, wanted: string): boolean {
  const [pattern, host] = [name.toLowerCase(), wanted.toLowerCase()];
  if (!pattern.startsWith("*.")) return pattern === host;
  const dot = host.indexOf(".");
  return dot > 0 && pattern.slice(1) === host.slice(dot) && pattern.split(".").length > 2;
}
