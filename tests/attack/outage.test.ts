import assert from "node:assert/strict";
import { HERE, outage } from "../../bench/outage_run.ts";
import { it } from "./patient_it.ts";

it("nothing is lost while the database of the handlers is away for five minutes, with 30 chats", async () => {
  const { updates, lost, outOfOrder } = await outage(HERE, { awayMs: 300_000, speed: 150 });
  assert.deepEqual({ updates, lost, outOfOrder }, { updates: 930, lost: 0, outOfOrder: 0 });
});
