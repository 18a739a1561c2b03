import assert from "node:assert/strict";
import { RetryLater } from "../../mod.ts";
import type { InboxStore } from "../../src/store/inbox_store.ts";
import { bot, gate, message } from "../inbox/bot.ts";

/**
 * An update is retried, and the answer that says so is lost: the claim has ended on the server, and the update is due again
 * while this process still tells the store that it is to be retried. It must not forget the new claim.
 *
 * @param open Makes a store on a client that fails once with the next answer after `loseAnswer` was called.
 */
export async function runLostRetry(open: (client: { loseAnswer(): boolean }) => InboxStore): Promise<void> {
  const [again, runs] = [gate(), { count: 0, isLost: false }];
  const loseAnswer = () => {
    if (runs.count !== 1 || runs.isLost) return false;
    return runs.isLost = true;
  };
  const { hook } = bot(() => {
    if (++runs.count === 1) throw new RetryLater({ afterMs: 1 });
    again.open();
  }, { acknowledge: "received", store: open({ loseAnswer }) });
  await hook.receive(message(1));
  await again.opened;
  await hook.close();
  assert.deepEqual(runs, { count: 2, isLost: true });
}
