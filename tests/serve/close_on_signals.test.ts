import { strict as assert } from "node:assert";
import { describe, it, type TestContext } from "node:test";
import { listen } from "../../mod.ts";
import { RawConnection, rawDelivery, SECRET } from "./raw_connection.ts";
import { type ChildTask, ServerProcess } from "./server_process.ts";

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** A server that is busy with an update. */
async function busy(
  t: TestContext,
  task: ChildTask,
): Promise<{ server: ServerProcess; connection: RawConnection }> {
  const server = await ServerProcess.start(t, task);
  const connection = await RawConnection.open(server.port);
  t.after(() => connection.destroy());
  connection.send(rawDelivery());
  await server.until(() => server.output.includes('"running":1'), "a running receiver");
  return { server, connection };
}

describe("closeOnSignals", () => {
  it("takes two signals of one key press for one", async (t) => {
    const { server, connection } = await busy(t, { handlerMs: 400 });
    server.kill("SIGINT");
    await pause(30); // what npm takes to pass it on; without it, the system would make one of the two
    server.kill("SIGINT");
    assert.equal((await connection.answer()).status, 200);
    assert.equal(await server.exited, 0);
    assert.match(server.output, /"closed":true/);
  });

  it("ends the process on a later signal", async (t) => {
    const { server } = await busy(t, { handlerMs: 60_000 });
    server.kill("SIGINT");
    await pause(600);
    assert.equal(server.hasExited, false);
    server.kill("SIGTERM");
    assert.equal(await server.exited, 143);
  });

  it("takes how long closing may last", async (t) => {
    const { server, connection } = await busy(t, {
      handlerMs: 5_000,
      serve: { closeOnSignals: { timeoutMs: 50 } },
    });
    server.kill("SIGTERM");
    assert.equal((await connection.answer()).status, 503);
    await server.until(() => server.output.includes('"closed":true'), "a closed server");
    assert.doesNotMatch(server.output, /"running":0/);
    server.kill("SIGKILL");
  });

  it("must be true, false or the options of close()", async () => {
    for (const closeOnSignals of [null, 1, "yes", { timeoutMs: -1 }, { timeout: 1 }]) {
      const options = { secretToken: SECRET, hostname: "127.0.0.1", port: 0, closeOnSignals };
      await assert.rejects(Promise.resolve(Reflect.apply(listen, undefined, [() => {}, options])), {
        code: "ERR_OPTION",
      });
    }
  });
});
