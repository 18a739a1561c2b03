import assert from "node:assert/strict";
import type { Server } from "node:http";
import type { TestScope } from "../../src/testing/store.ts";
import { RawConnection } from "./raw_connection.ts";

/** Starts a server of the test's own on a free port of loopback, and connects to it. Both are closed after the test. */
export async function connectTo(t: TestScope, server: Server): Promise<RawConnection> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  const address = server.address();
  assert.ok(typeof address === "object" && address !== null);
  const connection = await RawConnection.open(address.port);
  t.after(async () => {
    connection.destroy();
    await new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  });
  return connection;
}
