// A bot in another process, as tests start it: `<kind> <url> <name> <lease>`. Its handler tells what it handles, and ends
// when its signal is aborted.
import process from "node:process";
import { listen } from "../../mod.ts";
import { postgresStore } from "../../src/store/postgres/mod.ts";
import { redisStore } from "../../src/store/redis/mod.ts";
import { listeningPool } from "../postgres/wire_client.ts";
import { respClient } from "../redis/resp_client.ts";

const [kind = "", url = "", name = "", lease = ""] = process.argv.slice(2);
const leaseMs = Number(lease);
const tell = (line: string) => void process.stdout.write(`${line}\n`);
const store = kind === "redis"
  ? redisStore(respClient(url).send, { name, leaseMs, subscriber: respClient(url).subscribe })
  : postgresStore(listeningPool(url), { name, leaseMs });
await listen(async ({ update_id }, { signal }) => {
  tell(`handles ${update_id}`);
  if (!signal.aborted) await new Promise((resolve) => signal.addEventListener("abort", resolve));
  tell(`is told to stop ${update_id}`);
}, {
  secretToken: "a-long-enough-secret",
  hostname: "127.0.0.1",
  port: 0,
  store,
  onEvent: () => {},
  log: false,
});
