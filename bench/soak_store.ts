import process from "node:process";
import { type InboxStore, sqliteStore } from "../mod.ts";

/** The stores that the soak knows, and the variable that names the server of each that needs one. */
export const SERVERS: Readonly<Record<string, string | undefined>> = {
  memory: undefined,
  sqlite: undefined,
  redis: "TELEHOOK_TEST_REDIS",
  postgres: "TELEHOOK_TEST_POSTGRES",
};

/**
 * The quiet time of albums: 250 seconds on the sender's clock. It pauses for longer than a second where no process is
 * there to accept a part, and several start at once on a busy machine.
 */
export const QUIET_MS = 5_000;

/** What a silent process had claimed on a server falls due again after that: a process that is killed says nothing. */
const LEASE_MS = 5_000;

/**
 * The store of one process.
 *
 * @param place A file, or the name under which a server keeps the bot. Several processes give the same.
 * @returns `undefined` for the memory of the process.
 */
export async function soakStore(kind: string, place: string): Promise<InboxStore | undefined> {
  const server = process.env[SERVERS[kind] ?? ""] ?? "";
  switch (kind) {
    case "memory":
      return undefined;
    case "sqlite":
      return sqliteStore(place);
    case "redis": {
      const { redisStore } = await import("../src/store/redis/mod.ts");
      const { respClient } = await import("../tests/redis/resp_client.ts");
      const [client, subscriber] = [respClient(server), respClient(server)];
      return redisStore(client.send, { name: place, leaseMs: LEASE_MS, subscriber: subscriber.subscribe });
    }
    default:
      throw new Error(`There is no store "${kind}": choose one of ${Object.keys(SERVERS).join(", ")}`);
  }
}
