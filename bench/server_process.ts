import assert from "node:assert/strict";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { start } from "./child.ts";
import type { ServerState } from "./http_control.ts";

/** A server in a separate process. */
export interface ServerProcess {
  readonly port: number;
  state(): Promise<ServerState>;
  stop(): Promise<void>;
}

/** Starts a server that tells its port and its state as `http_control.ts` does, and ends with its standard input. */
export async function startServerProcess(
  command: readonly string[],
  env: Record<string, string> = {},
): Promise<ServerProcess> {
  const child = start(command, env);
  if (child.stdout === null || child.stdin === null) throw new TypeError("There is nothing to talk through");
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const { stdin } = child;
  const say = async () => {
    const { done, value } = await lines.next();
    if (done) throw new Error(`${command.join(" ")} ended`);
    return String(value);
  };
  return {
    port: Number(await say()),
    async state() {
      stdin.write("?\n");
      return JSON.parse(await say());
    },
    async stop() {
      const ended = once(child, "exit");
      stdin.end();
      await ended;
    },
  };
}

/** That all updates were handled that were answered, and at most those that were sent: each once. */
export async function assertHandled(
  server: { state(): Promise<ServerState> },
  answers: number,
  sent: number,
): Promise<void> {
  let { seen } = await server.state();
  for (let patience = 100; seen < answers && patience > 0; patience--) {
    await new Promise((resolve) => setTimeout(resolve, 50)); // some answer before they handle
    ({ seen } = await server.state());
  }
  assert.ok(seen >= answers && seen <= sent, `${seen} handled, ${answers} answered, ${sent} sent`);
}
