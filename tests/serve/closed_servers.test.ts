import assert from "node:assert/strict";
import { it } from "node:test";
import { type DeliveryHandler, listen } from "../../mod.ts";
import { collectGarbage } from "../collect_garbage.ts";

it("nothing is left in memory of servers that were closed", async () => {
  const handlers: WeakRef<DeliveryHandler>[] = [];
  for (let n = 0; n < 10; n++) {
    const server = await listen(() => {}, { secretToken: null, port: 0, hostname: "127.0.0.1" });
    handlers.push(new WeakRef(server.webhook));
    await server.close();
  }
  const alive = () => handlers.filter((each) => each.deref() !== undefined).length;
  for (let tries = 0; tries < 50 && alive() > 1; tries++) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    collectGarbage();
  }
  assert.ok(alive() <= 1, `${alive()} of 10 are left`); // runtimes keep the last one for a while
});
