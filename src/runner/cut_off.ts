import { TelehookError } from "../errors/telehook_error.ts";
import type { ReceivedUpdate } from "../receiver/receiver.ts";
import { SUSPECT_CRASHES } from "../store/limits.ts";
import { triesOf } from "./batch_content.ts";
import type { RunningCall, RunningCalls } from "./running_calls.ts";

/*
 * What closing cuts off may be the reason why the process ends, as after an uncaught error, and then it would be so at each
 * start. What was alone has failed, and is parked in the end. Of several, nobody knows which it was: from the second time on
 * they rest for a while, and not for the same time. So beside what is new, it is the only one that has begun before.
 */

/** What other bots of a host have not ended when the time of closing is over. */
export interface OthersUnfinished {
  readonly any: boolean;
  /** What has begun before, and was cut off or failed each time. */
  readonly again: boolean;
}

export function unfinishedBeside(calls: RunningCalls): OthersUnfinished {
  // There may be thousands of bots: they are all looked through only where it matters.
  const isOnly = calls.unfinished.filter(hasBegunAgain).length === 1;
  return { any: calls.haveOthers(() => true), again: !isOnly || calls.haveOthers(hasBegunAgain) };
}

/** The call that is taken for the reason, if it is known. */
export function blamedOf(cutOff: readonly RunningCall[], others: OthersUnfinished): RunningCall | undefined {
  const again = others.again ? [] : cutOff.filter(hasBegunAgain);
  return [others.any ? [] : cutOff, again].find(({ length }) => length === 1)?.[0];
}

export function stoppedTheProcess({ update_id }: ReceivedUpdate, times: number): TelehookError {
  return new TelehookError(
    "ERR_GIVEN_UP",
    `Update ${update_id} was not handled when the process closed, ${times} times: it is parked. Find out why before you ` +
      "replay it",
  );
}

/** Whether a call is of an update that has begun as often before as makes it a suspect. */
function hasBegunAgain({ batch }: RunningCall): boolean {
  return batch !== undefined && triesOf(batch).attempts >= SUSPECT_CRASHES;
}
