/** What a failed delivery means, and what to do. */
export interface Explanation {
  readonly meaning: string;
  readonly advice: string;
}

interface Rule extends Explanation {
  readonly pattern: RegExp;
}

/** The first match counts. The words are those of Telegram's server and of OpenSSL, as getWebhookInfo shows them. */
const RULES: readonly Rule[] = [
  {
    pattern: /^Wrong response from the webhook: 401/,
    meaning: "Your server rejected the secret token of the delivery",
    advice:
      'Use the same secret in the server and in "telehook set", or set the webhook again, so that Telegram has the new one',
  },
  {
    pattern: /^Wrong response from the webhook: 403/,
    meaning:
      "Something rejects the request before your code gets it: allowedAddresses, a firewall or a proxy",
    advice: "Allow Telegram's networks 149.154.160.0/20 and 91.108.4.0/22. Behind a proxy, set trustedProxy",
  },
  {
    pattern: /^Wrong response from the webhook: 404/,
    meaning: "A server answers at this address, but there is no webhook on this path",
    advice: "Use the same path in the URL and in the server, and check that the proxy forwards it unchanged",
  },
  {
    pattern: /^Wrong response from the webhook: 405/,
    meaning: "A server answers at this address, but it does not accept POST there: it is not the webhook",
    advice: "Check the path of the URL, and where the proxy forwards it",
  },
  {
    pattern: /^Wrong response from the webhook: 3\d\d/,
    meaning: "Your server answered with a redirect, which Telegram does not follow",
    advice:
      "Set the webhook to the URL that it redirects to: often the one with or without www, or with a slash at the end",
  },
  {
    pattern: /^Wrong response from the webhook: (400|413|415)/,
    meaning:
      "Your server found the request malformed: something changes it on the way, or another program answers",
    advice:
      'Run "telehook send" with the address of the server and then with that of the proxy, to see where it fails',
  },
  {
    pattern: /^Wrong response from the webhook: 410/,
    meaning:
      "Your server answered that the webhook is gone. After 23 hours of such answers, Telegram deletes it",
    advice: "Start the bot again at this address, or delete the webhook",
  },
  {
    pattern: /^Wrong response from the webhook: 429/,
    meaning: "Something in front of your code limits the number of requests",
    advice:
      "Remove the limit for the webhook's path, or lower max_connections (telehook set --max-connections)",
  },
  {
    pattern: /^Wrong response from the webhook: 500/,
    meaning: "Your code failed on an update, so Telegram sends it again",
    advice: "Look for the error in the log of the bot",
  },
  {
    pattern: /^Wrong response from the webhook: (502|504|52\d|530)/,
    meaning: "The proxy answered, because it could not reach your bot",
    advice: "Start the bot, and check the address and port that the proxy forwards to",
  },
  {
    pattern: /^Wrong response from the webhook: 503/,
    meaning: "Your bot was closing, starting or overloaded, or its proxy could not reach it",
    advice:
      "After a restart, no action is needed. If it continues, look for slow handlers in the log of the bot",
  },
  {
    pattern: /^Wrong response from the webhook/,
    meaning: "Your server did not answer with success, so Telegram sends the update again",
    advice: 'Answer 200. "telehook send <url>" shows the answer',
  },
  {
    pattern: /^Connection refused/,
    meaning: "The machine can be reached, but nothing listens on this port",
    advice: "Start the server. Check its port, and that it listens on 0.0.0.0 and not only on 127.0.0.1",
  },
  {
    pattern: /^(Connection timed out|No route to host|Network is unreachable|Host is unreachable)/,
    meaning:
      "This address does not respond: a firewall drops the packets, or it is the address of another machine",
    advice:
      "Open the port for 149.154.160.0/20 and 91.108.4.0/22, and check that the host name resolves to the right address",
  },
  {
    pattern: /^(Connection reset|Connection closed|Webhook connection closed|Broken pipe|.*unexpected eof)/i,
    meaning: "The connection was closed before there was an answer",
    advice:
      "Check whether the server crashes or a proxy closes the connection. If the URL is https, check that this port uses TLS",
  },
  {
    pattern: /^Read timeout expired/,
    meaning:
      "Your code did not answer within 60 seconds, so Telegram sends the update again while it is still running",
    advice:
      "Answer sooner, and do slow work afterwards. telehook does this automatically, after acknowledgeWithinMs",
  },
  {
    pattern: /certificate verify failed|self.signed|certificate has expired|unable to get (local )?issuer/i,
    meaning:
      "Telegram does not trust the certificate: it is expired, for another name, self-signed but not uploaded, or served " +
      "without its intermediate certificates",
    advice:
      "Serve the full chain (fullchain.pem), or create and upload a certificate: telehook listen --self-signed",
  },
  {
    pattern: /wrong version number|packet length too long|http request/i,
    meaning: "This port uses plain HTTP, not TLS",
    advice:
      "Start the server with a certificate (--cert and --key, or --self-signed), or use the port of the HTTPS proxy in the URL",
  },
  {
    pattern: /unrecognized name|handshake failure|alert/i,
    meaning:
      "The server ended the TLS handshake: it has no certificate for this name, or no common TLS version or cipher",
    advice: "Use a certificate for the host of the URL, and enable TLS 1.2 or 1.3",
  },
  {
    pattern: /^SSL error/,
    meaning: "The TLS handshake failed",
    advice: "Check the certificate and its chain, and that TLS 1.2 or 1.3 is enabled",
  },
  {
    pattern: /resolve host|Name or service not known|No address associated/i,
    meaning: "The host name of the URL has no IPv4 address",
    advice: "Add an A record for it. Telegram does not deliver to IPv6",
  },
  {
    pattern:
      /^(Not Implemented|HTTP Version Not Supported|Bad Request|Unsupported Media Type|Request |Unimplemented)/,
    meaning: "Telegram cannot read the answer as HTTP/1.1",
    advice: "Answer with plain HTTP/1.1, without brotli, trailers or interim responses. A proxy usually does",
  },
];

/** What `last_error_message` means; `undefined` if it is not known. */
export function explainError(message: string): Explanation | undefined {
  return RULES.find(({ pattern }) => pattern.test(message));
}
