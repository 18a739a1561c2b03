import { mergeParts } from "../delivery/media_group.ts";
import type { ReceivedUpdate } from "../receiver/receiver.ts";
import type { Batch, Tries } from "../store/inbox_store.ts";

/** How often a batch was handled, in processes that ended too. */
export function triesOf({ tries, crashes, crashesAlone }: Batch): Tries {
  if (crashes === 0) return tries;
  return { attempts: tries.attempts + crashes, failures: tries.failures + crashesAlone };
}

/** What a receiver gets of a batch, and what is wrong with it if a store has made an album of what is none. */
export function contentOf(
  batch: Batch,
): { readonly update: ReceivedUpdate; readonly fault?: { error: unknown } } {
  const { album, isLate, unreadable = [], updates } = batch;
  const [first] = updates;
  if (first === undefined) return { update: remainsOf(unreadable[0] ?? 0) };
  try {
    // A copy: the batch is known by its ids, even if a handler changes them.
    return { update: album === undefined ? { ...first } : mergeParts(updates, isLate) };
  } catch (error) {
    return { update: first, fault: { error } };
  }
}

/** All that is known of an update that cannot be read. As with unknown kinds, the type says more than there is. */
export function remainsOf(update_id: number): ReceivedUpdate {
  return { update_id } as ReceivedUpdate;
}
