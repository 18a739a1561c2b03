/** What a failed delivery means, and what to do about it. */
export interface Explanation {
  readonly meaning: string;
  readonly advice: string;
}

interface Rule extends Explanation {
  readonly pattern: RegExp;
}

/** The first that fits counts. The words are those of Telegram's server and of OpenSSL, as getWebhookInfo shows them. */
const RULES: readonly Rule[] = [
  {
    pattern: /^Wrong response from the webhook: 401/,
    meaning: "Your server answered, and refused the secret token of the delivery",
    advice:
      'Give the server and "telehook set" the same secret, or set the webhook again so that Telegram learns the new one',
  },
  {
    pattern: /^Wrong response from the webhook: 403/,
    meaning: "Something in front of your code forbids the request: allowedAddresses, a firewall or a proxy",
    advice:
      "Allow Telegram's networks 149.154.160.0/20 and 91.108.4.0/22, and behind a proxy tell the server which one to trust",
  },
  {
    pattern: /^Wrong response from the webhook: 404/,
    meaning: "A server answers at this address, but has no webhook on this path",
    advice:
      "Make the path of the URL and the path that the server listens on the same, and see that the proxy passes it on unchanged",
  },
  {
    pattern: /^Wrong response from the webhook: 405/,
    meaning: "A server answers at this address, but takes no POST there: it is not the webhook",
    advice: "Check the path of the URL, and where the proxy sends it",
  },
  {
    pattern: /^Wrong response from the webhook: 3\d\d/,
    meaning: "Your server answered with a redirect, which Telegram does not follow",
    advice:
      "Set the webhook to the address that it redirects to: often one with or without www, or with a slash at the end",
  },
  {
    pattern: /^Wrong response from the webhook: (400|413|415)/,
    meaning:
      "Your server took the request for malformed: something changes it on its way, or it is not telehook that answers",
    advice: 'Try "telehook send" at the server itself and then through the proxy, to see where it breaks',
  },
  {
    pattern: /^Wrong response from the webhook: 410/,
    meaning: "Your server said that the webhook is gone for good; after 23 hours of that Telegram deletes it",
    advice: "Start the bot again at this address, or delete the webhook",
  },
  {
    pattern: /^Wrong response from the webhook: 429/,
    meaning: "Something in front of your code limits how many requests may come",
    advice: "Take the limit off for the webhook's path, or set a lower --max-connections",
  },
  {
    pattern: /^Wrong response from the webhook: 500/,
    meaning: "Your code failed on an update, so Telegram sends it again",
    advice: "Look into the log of the bot for what it threw",
  },
  {
    pattern: /^Wrong response from the webhook: (502|504|52\d|530)/,
    meaning: "The proxy answered in place of your bot, which it does not reach",
    advice: "Start the bot, and check the address and port that the proxy passes requests to",
  },
  {
    pattern: /^Wrong response from the webhook: 503/,
    meaning: "Your bot was closing, starting or had too much to do, or its proxy did not reach it",
    advice:
      "If it goes on, look into the log of the bot for slow handlers; after a restart it passes by itself",
  },
  {
    pattern: /^Wrong response from the webhook/,
    meaning: "Your server answered with something else than success, so Telegram sends the update again",
    advice: 'Answer 200; "telehook send <url>" shows the answer',
  },
  {
    pattern: /^Connection refused/,
    meaning: "The machine is there, but nothing listens on this port",
    advice: "Start the server, check its port, and that it listens on 0.0.0.0 and not only on 127.0.0.1",
  },
  {
    pattern: /^(Connection timed out|No route to host|Network is unreachable|Host is unreachable)/,
    meaning: "Nothing comes back from this address: a firewall drops it, or it is not this machine's",
    advice:
      "Open the port to 149.154.160.0/20 and 91.108.4.0/22, and check that the name leads to the right address",
  },
  {
    pattern: /^(Connection reset|Connection closed|Webhook connection closed|Broken pipe|.*unexpected eof)/i,
    meaning: "The connection was made and then closed before an answer came",
    advice:
      "See whether the server crashes or a proxy cuts it off; if the URL is https, that it speaks TLS on this port",
  },
  {
    pattern: /^Read timeout expired/,
    meaning:
      "Your code did not answer within 60 seconds, so Telegram sends the update again while it still runs",
    advice: "Answer sooner and do slow work afterwards: telehook does so by itself after acknowledgeWithinMs",
  },
  {
    pattern: /certificate verify failed|self.signed|certificate has expired|unable to get (local )?issuer/i,
    meaning:
      "Telegram does not trust the certificate: expired, for another name, self-signed but not uploaded, or without the " +
      "certificates of the authorities between it and the root",
    advice:
      "Serve the full chain (fullchain.pem), or make one that Telegram verifies and upload it: telehook listen --self-signed",
  },
  {
    pattern: /wrong version number|packet length too long|http request/i,
    meaning: "The port answers, but without TLS: it speaks plain HTTP",
    advice:
      "Give the server its certificate (--cert, --key or --self-signed), or put the URL on the port of the HTTPS proxy",
  },
  {
    pattern: /unrecognized name|handshake failure|alert/i,
    meaning:
      "The server ended the TLS handshake: it has no certificate for this name, or only ciphers that are too old or new",
    advice: "Give the server a certificate for the host of the URL, and let it speak TLS 1.2 or 1.3",
  },
  {
    pattern: /^SSL error/,
    meaning: "The TLS handshake failed",
    advice: "Check the certificate, its chain and that the server speaks TLS 1.2 or 1.3",
  },
  {
    pattern: /resolve host|Name or service not known|No address associated/i,
    meaning: "The host name of the URL has no IPv4 address",
    advice: "Add an A record for it; Telegram does not deliver to IPv6",
  },
  {
    pattern:
      /^(Not Implemented|HTTP Version Not Supported|Bad Request|Unsupported Media Type|Request |Unimplemented)/,
    meaning: "What the server answered is not HTTP/1.1 as Telegram reads it",
    advice: "Let it answer plain HTTP/1.1, without brotli, trailers or interim answers; a proxy usually does",
  },
];

/** Says in plain words what `last_error_message` means, or nothing for words that Telegram never used before. */
export function explainError(message: string): Explanation | undefined {
  return RULES.find(({ pattern }) => pattern.test(message));
}
