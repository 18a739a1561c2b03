import { once } from "node:events";
import { createServer, get } from "node:https";
import type { KeyPair } from "../../src/tls/mod.ts";

/**
 * Serves one HTTPS request with the key pair on a separate port and makes it as a client that trusts `ca`
 * alone. Rejects when the client does not accept the certificate for `host`, a name or address of this
 * machine.
 */
export async function httpsExchange(pair: KeyPair, ca: string, host: string): Promise<string> {
  const server = createServer(pair, (_request, response) => response.end("verified"));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  try {
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("The server has no port");
    return await fetchText(host, address.port, ca);
  } finally {
    server.close();
    await once(server, "close");
  }
}

function fetchText(host: string, port: number, ca: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = get({ host, port, ca, agent: false, family: 4 }, (response) => {
      response.setEncoding("utf8");
      let text = "";
      response.on("data", (chunk: string) => text += chunk);
      response.on("end", () => resolve(text));
      response.on("error", reject);
    });
    request.on("error", reject);
  });
}
