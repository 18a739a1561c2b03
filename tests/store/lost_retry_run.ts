import assert from "node:assert/strict";
import { RetryLater } from "../../mod.ts";
import type { InboxStore } from "../../src/store/inbox_store.ts";
import { pause } from "../../src/platform/pause.ts";
import { bot, gate, message } from "../inbox/bot.ts";

/**
 * An update is retried, and the answer that says so is lost: the claim has ended on the server, and the update is due again
 * while this process still tells the store that it is to be retried. It must not forget the new claim.
 *
 * @param open Makes a store with a lease of a second, so that a renewal finds what is due before the store is told again, on
 * a client that loses the answer to the first retry.
 */
export async function runLostRetry(open: (isFirst: () => boolean) => InboxStore): Promise<void> {
  const [again, lost] = [gate(), { answers: 0 }];
  let runs = 0;
  const { hook } = bot(() => {
    if (++runs === 1) throw new RetryLater({ afterMs: 1 });
    again.open();
  }, { acknowledge: "received", store: open(() => ++lost.answers === 1) });
  await hook.receive(message(1));
  await Promise.race([again.opened, pause(5_000)]);
  await hook.close({ timeoutMs: 0 });
  assert.equal(runs, 2);
  assert.ok(lost.answers >= 1);
}
