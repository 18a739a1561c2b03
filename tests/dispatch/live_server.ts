import type { TestContext } from "node:test";
import { listen, type ListenOptions, type Receiver, type WebhookServer } from "../../mod.ts";
import { connector, type RawConnection, SECRET } from "../serve/raw_connection.ts";

/** A server on a free port of the loopback address, and connections to it; all is closed when the test ends. */
export async function liveServer(
  t: TestContext,
  receiver: Receiver,
  options: Partial<ListenOptions> = {},
): Promise<{ server: WebhookServer; connect(): Promise<RawConnection> }> {
  const server = await listen(receiver, { secretToken: SECRET, hostname: "127.0.0.1", port: 0, ...options });
  return { server, connect: connector(t, server.port, () => server.close({ timeoutMs: 0 })) };
}
