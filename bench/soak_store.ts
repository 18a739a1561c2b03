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
export const LEASE_MS = 5_000;

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
    case "postgres": {
      const { postgresStore } = await import("../src/store/postgres/mod.ts");
      const { listeningPool } = await import("../tests/postgres/wire_client.ts");
      return postgresStore(listeningPool(server), { name: place, leaseMs: LEASE_MS });
    }
    default:
      throw new Error(`There is no store "${kind}": choose one of ${Object.keys(SERVERS).join(", ")}`);
  }
}

/**
 * What a server keeps of a bot that runs no longer, beside what is remembered on purpose: which updates and albums were
 * handled, and when a process was last found dead.
 */
export async function rowsLeft(kind: string, place: string): Promise<readonly string[]> {
  const server = process.env[SERVERS[kind] ?? ""] ?? "";
  if (kind === "redis") {
    const { keysOf } = await import("../src/store/redis/redis_scripts.ts");
    const { respClient } = await import("../tests/redis/resp_client.ts");
    const { send } = respClient(server);
    const keys = await send("KEYS", [`*{telehook:${place}}*`]) as string[];
    const fields = await send("HKEYS", [keysOf(place)[0] ?? ""]) as string[];
    const batches = `local found = {}
      for _, packed in ipairs(redis.call('HVALS', KEYS[1])) do
        if #found < 5 then found[#found + 1] = cjson.encode(cmsgpack.unpack(packed)) end
      end
      return found`;
    return [
      ...await send("EVAL", [batches, "1", keysOf(place)[1] ?? ""]) as string[],
      ...keys.filter((key) => !/:(meta|recent|recent-albums|wakes)$/.test(key)),
      ...fields.filter((field) => !["format", "ids", "dead", "latest", "ahead"].includes(field)).map((
        field,
      ) => `meta ${field}`),
    ];
  }
  if (kind === "postgres") {
    const { wirePool } = await import("../tests/postgres/wire_client.ts");
    const { rows } = await wirePool(server, 1).query(
      `select 'owner ' || o.id as line from telehook.owners o join telehook.bots b on b.id = o.bot where b.name = $1
      union all select 'update ' || (to_jsonb(u) - 'json')::text from telehook.updates u join telehook.bots b on b.id = u.bot where b.name = $1
      union all select 'parked ' || p.id from telehook.parked p join telehook.bots b on b.id = p.bot where b.name = $1
      union all select count(*) || ' remembered' from telehook.remembered r join telehook.bots b on b.id = r.bot
        where b.name = $1 having count(*) > 32768`,
      [place],
    );
    return rows.map(({ line }) => String(line));
  }
  return [];
}
