// One server in a separate process, as `server_process.ts` starts it. It says what happens in lines of JSON.
import process from "node:process";
import { listen, sqliteStore, webhook } from "../../mod.ts";
import { serve } from "../../src/serve/node.ts";
import { SECRET } from "./raw_connection.ts";
import type { ChildTask } from "./server_process.ts";

const task: ChildTask = JSON.parse(process.env.TELEHOOK_TASK ?? "{}");
const say = (line: object) => void process.stdout.write(`${JSON.stringify(line)}\n`);

let running = 0;
const receiver = async () => {
  say({ running: ++running });
  await new Promise((resolve) => setTimeout(resolve, task.handlerMs));
  running--;
};
const options = {
  secretToken: SECRET,
  path: "/",
  onError: (error: unknown) => void say({ failed: String(error) }),
  ...(task.database && { store: sqliteStore(task.database) }),
};
const where = { hostname: "127.0.0.1", port: 0, closeOnSignals: true, ...task.serve };
const server = task.adapter === "node"
  ? await serve(webhook(receiver, options), where)
  : await listen(receiver, { ...options, ...where });
say({ port: server.port });
await server.finished;
say({ closed: true });
