import { TelehookError } from "../errors/telehook_error.ts";
import { nodeBuiltin } from "../platform/node_builtin.ts";

interface NodeCrypto {
  readonly X509Certificate: new (pem: string) => X509Certificate;
}

interface X509Certificate {
  readonly subject: string;
  readonly issuer: string;
  readonly subjectAltName?: string | undefined;
}

const IPV4 = /^\d{1,3}(\.\d{1,3}){3}$/;

/** Whether a certificate is its own issuer, so that Telegram must be given it to verify it. */
export function isSelfIssued(cert: string): boolean {
  const { issuer, subject } = read(cert);
  return issuer === subject;
}

/**
 * Refuses a certificate by which Telegram could not verify a host.
 *
 * @param cert The certificate in PEM; of several, the first.
 * @param host The host of the webhook's URL.
 * @param isUploaded Whether Telegram is given the certificate, which changes what it compares.
 * @param name What to call the certificate, such as its file.
 * @throws {TelehookError} `ERR_TLS` that says what Telegram compares.
 */
export function checkHost(cert: string, host: string, isUploaded: boolean, name: string): void {
  const { kind, names, rest } = compared(read(cert), host, isUploaded);
  if (names.some((each) => matches(each.slice(each.search(/[:=]/) + 1), host))) return;
  const which = isUploaded ? "of an uploaded certificate, " : "";
  const list = names.join(", ") || "missing";
  throw new TelehookError(
    "ERR_TLS",
    `${name} is not for ${host}: ${which}Telegram compares its ${kind}, which is ${list}${rest}; make one that it ` +
      `verifies with telehook cert --host ${host}`,
  );
}

/** What Telegram compares with the host. */
function compared(
  { subject, subjectAltName = "" }: X509Certificate,
  host: string,
  isUploaded: boolean,
): { readonly kind: string; readonly names: readonly string[]; readonly rest: string } {
  const alternatives = subjectAltName.split(/,\s*/);
  // It compares an address with an uploaded certificate as if it were a host name.
  if (IPV4.test(host) && !isUploaded) {
    const names = alternatives.filter((name) => name.startsWith("IP Address:"));
    return { kind: "list of IP addresses", names, rest: "" };
  }
  const dnsNames = alternatives.filter((name) => name.startsWith("DNS:"));
  if (dnsNames.length > 0) {
    return { kind: "list of DNS names", names: dnsNames, rest: ", and ignores everything else" };
  }
  const commonNames = subject.split("\n").filter((line) => line.startsWith("CN="));
  return { kind: "common name", names: commonNames, rest: "" };
}

function read(pem: string): X509Certificate {
  const { X509Certificate } = nodeBuiltin<NodeCrypto>("node:crypto");
  return new X509Certificate(pem);
}

function matches(name: string, wanted: string): boolean {
  const [pattern, host] = [name.toLowerCase(), wanted.toLowerCase()];
  if (!pattern.startsWith("*.")) return pattern === host;
  const dot = host.indexOf(".");
  return dot > 0 && pattern.slice(1) === host.slice(dot) && pattern.split(".").length > 2;
}
