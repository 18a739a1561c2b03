import { strict as assert } from "node:assert";
import { connect, type Socket } from "node:net";
import { it, type TestContext } from "node:test";
import { RUNTIME } from "./adapters.ts";
import { RawConnection } from "./raw_connection.ts";
import { ServerProcess } from "./server_process.ts";

/** Connections on which nothing is ever sent, as many as the server takes. */
async function silentConnections(t: TestContext, port: number, most: number): Promise<Socket[]> {
  const sockets: Socket[] = [];
  t.after(() => sockets.forEach((socket) => socket.destroy()));
  for (let n = 0; n < most; n++) {
    const socket = connect(port, "127.0.0.1");
    sockets.push(socket);
    socket.on("error", () => {});
    await new Promise<void>((resolve) => {
      socket.once("connect", resolve);
      socket.once("close", () => resolve());
    });
  }
  return sockets;
}

/** Delivers an update, again while the server has no connection to give. */
async function delivered(server: ServerProcess): Promise<number> {
  for (;;) {
    assert.equal(server.hasExited, false, server.output);
    try {
      const connection = await RawConnection.open(server.port);
      try {
        return (await connection.deliver()).status;
      } finally {
        connection.destroy();
      }
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

it("a server keeps serving after it ran out of file descriptors; Deno reports it once", async (t) => {
  const server = await ServerProcess.start(t, { handlerMs: 0 }, "ulimit -n 256;");
  assert.equal(await delivered(server), 200);
  const silent = await silentConnections(t, server.port, 400);
  // Deno closes what is idle; elsewhere, the descriptors are free again when their connections are.
  if (RUNTIME !== "deno") silent.forEach((socket) => socket.destroy());
  assert.equal(await delivered(server), 200);
  const reports = server.output.match(/^telehook: .*file descriptors/gm) ?? [];
  assert.equal(reports.length, RUNTIME === "deno" ? 1 : 0, server.output);
  server.kill("SIGTERM");
  await server.exited;
  assert.match(server.output, /"closed":true/);
});
