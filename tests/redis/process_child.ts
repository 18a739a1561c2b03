// Another process on the same store, as the tests start it: `<url> <name> <lease>`. Claims, and tells what it is told.
import process from "node:process";
import { RedisInboxStore } from "../../src/store/redis/redis_inbox_store.ts";
import { respClient } from "./resp_client.ts";

const [url = "", name = "", leaseMs = ""] = process.argv.slice(2);
const tell = (line: string) => void process.stdout.write(`${line}\n`);
const client = respClient(url);
const store = new RedisInboxStore({
  ...{
    client: client.send,
    command: client.send,
    subscribe: client.subscribe,
    name,
    leaseMs: Number(leaseMs),
  },
});
await store.open({
  wake: () => {},
  lost: (batch) => tell(`lost ${batch.updates[0]?.update_id}`),
  failed: (error) => tell(`failed ${error}`),
});
const [batch] = await store.claim(1, 0);
tell(`claimed ${batch?.updates[0]?.update_id}`);
setInterval(() => {}, 60_000); // until it is killed
