/** What the system calls say, as `getWebhookInfo` repeats it. */
const SYSTEM_ERRORS: Readonly<Record<string, string>> = {
  ECONNREFUSED: "Connection refused",
  ECONNRESET: "Connection reset by peer",
  EPIPE: "Broken pipe",
  ETIMEDOUT: "Connection timed out",
  EHOSTUNREACH: "No route to host",
  ENETUNREACH: "Network is unreachable",
  EADDRNOTAVAIL: "Cannot assign requested address",
};

/** The words for a failed socket. */
export function socketErrorText(error: unknown): string {
  return SYSTEM_ERRORS[codeOf(error)] ?? "Connection reset by peer";
}

/** The words for a handshake that failed before the certificate could be looked at. */
export function tlsErrorText(error: unknown): string {
  const known = SYSTEM_ERRORS[codeOf(error)];
  if (known) return known;
  const text = error instanceof Error ? error.message : String(error);
  // Each runtime's TLS library has its own words for a server that does not speak TLS.
  if (/wrong.version|InvalidContentType|corrupt message/i.test(text)) {
    return sslError("0A00010B", "wrong version number");
  }
  const alert = /alert[ _]([a-z_ ]+)/i.exec(text)?.[1]?.trim().replaceAll("_", " ");
  return sslError("0A000410", alert ? `sslv3 alert ${alert}` : "sslv3 alert handshake failure");
}

/** An error of OpenSSL in the form that Telegram's server prints. */
export function sslError(code: string, reason: string): string {
  return `SSL error {error:${code}:SSL routines::${reason}}`;
}

function codeOf(error: unknown): string {
  const code = error instanceof Error ? Reflect.get(error, "code") : undefined;
  return typeof code === "string" ? code : "";
}
