import { TelehookError } from "../errors/telehook_error.ts";
import { isPromiseLike } from "../platform/promises.ts";
import type { Added, Awaitable, Batch } from "../store/inbox_store.ts";
import { quote } from "../text/quote.ts";

/*
 * What the calls of a store answer, read where a wrong answer is still the failure of that call. A store that somebody has
 * written may forget to return, return what its database has returned, or return the promises of another library.
 */

/** The answer of `add`. @throws If it is none: nobody knows then whether the store has the update. */
export function addedIn(answer: Awaitable<Added>): Awaitable<Added> {
  if (isPromiseLike(answer)) return Promise.resolve(answer).then(addedIn);
  if (answer === "added" || answer === "known" || answer === "alone" || isBatch(answer)) return answer;
  throw wrong("add", '"added", "known", "alone" or a batch', answer);
}

/** The answer of `claim` or `close`. @throws If it is none. */
export function batchesIn(
  call: "claim" | "close",
  answer: Awaitable<readonly Batch[]>,
): Awaitable<readonly Batch[]> {
  if (isPromiseLike(answer)) return Promise.resolve(answer).then((late) => batchesIn(call, late));
  if (Array.isArray(answer) && answer.every(isBatch)) return answer;
  throw wrong(call, "a list of batches that have updates", answer);
}

/** The batch that `complete` has claimed: the call has done its work, whatever else it returns. */
export function nextIn(answer: unknown): Batch | undefined {
  return isBatch(answer) ? answer : undefined;
}

/**
 * The error for a batch that cannot be handled, since it lacks what it must have: a value that a store no longer finds is
 * `null`, and a document may be older than a field. One such batch must harm no other.
 */
export function faultIn({ tries, unreadable, updates }: Batch): TelehookError | undefined {
  if (!updates.every(hasId)) {
    return wrong(
      "claim",
      'batches whose "updates" have an "update_id"',
      updates.find((each) => !hasId(each)),
    );
  }
  if (typeof tries !== "object" || tries === null) {
    return wrong("claim", 'batches that have "tries"', tries);
  }
  // `null` is as good as nothing to many databases.
  if (Array.isArray(unreadable ?? [])) return undefined;
  return wrong("claim", 'batches whose "unreadable" is a list, if they have it', unreadable);
}

/** Whether a batch can be handled. */
export function isSound(batch: Batch): boolean {
  return faultIn(batch) === undefined;
}

function hasId(update: unknown): boolean {
  return typeof update === "object" && update !== null && "update_id" in update &&
    Number.isSafeInteger(update.update_id);
}

function isBatch(value: unknown): value is Batch {
  return typeof value === "object" && value !== null && Array.isArray((value as Batch).updates);
}

function wrong(call: string, expected: string, answer: unknown): TelehookError {
  return new TelehookError(
    "ERR_STORE",
    `The store's "${call}" must return ${expected}, not ${
      quote(answer)
    }: docs/writing-a-store.md says what it returns`,
  );
}
