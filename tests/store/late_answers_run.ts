import assert from "node:assert/strict";
import { pause } from "../../src/platform/pause.ts";
import type { InboxStore } from "../../src/store/inbox_store.ts";
import type { TestScope } from "../../src/testing/store.ts";
import { Clock } from "../inbox/clock.ts";
import type { HeldCalls } from "./held_calls.ts";
import { entry, type Heard, ids } from "./server_store.ts";

/** What differs between the stores that are tried. */
export interface LateAnswersRun {
  /** A store, what it tells its inbox, and its calls. */
  readonly store: InboxStore;
  readonly heard: Heard;
  readonly calls: HeldCalls;
  /** Another one of the same bot. */
  readonly other: InboxStore;
  readonly t: TestScope;
  /** Opens one more, whose calls are `calls` too. */
  open(leaseMs: number): Promise<InboxStore>;
  /** Lets all leases be over. */
  endLeases(): Promise<unknown>;
}

/**
 * A process that was taken for dead says that it is here, and claims while the answer to that is under way. Both answers
 * come at the same moment: its renewal must know what it has claimed.
 */
async function runAnsweredTogether(
  { store, heard, calls, other, endLeases }: LateAnswersRun,
): Promise<void> {
  await endLeases();
  await other.claim(1, 0); // which takes the first one for dead
  calls.holds = "answers";
  const first = store.add(entry(1, { lane: 1 }), "claim");
  await calls.has(1);
  calls.pass(); // it is not known
  await calls.has(1); // it is known again
  const second = store.add(entry(2, { lane: 2 }), "claim");
  await calls.has(2);
  calls.holds = undefined;
  calls.pass();
  for (const added of await Promise.all([first, second])) assert.ok(typeof added === "object");
  await pause(50);
  assert.deepEqual(ids(await other.claim(9, 0)), [], "Nobody else claims what it has claimed");
  assert.deepEqual(heard.batches, []);
}

/**
 * The answer to a claim is lost, and the sender repeats its update while a renewal is under way that does not know of the
 * claim: it must not be freed.
 */
async function runRepeatedDuringRenewal({ calls, other, open }: LateAnswersRun): Promise<void> {
  const store = await open(1_000);
  calls.holds = "answers";
  const lost = assert.rejects(async () => await store.add(entry(1), "claim"));
  await calls.has(1);
  calls.lose();
  await lost;
  calls.holds = "requests";
  await calls.has(1); // the renewal
  const repeated = store.add(entry(1), "claim");
  await calls.has(2);
  calls.holds = undefined;
  calls.pass(1);
  assert.ok(typeof await repeated === "object");
  calls.pass();
  await pause(50);
  assert.deepEqual(ids(await other.claim(9, 0)), [], "Nobody else claims what it handles");
}

/** A claim that reaches the server after its store has left must not bring the store back: nobody would handle what it claims. */
async function runClaimedAfterClosing({ store, calls, other }: LateAnswersRun): Promise<void> {
  await store.add(entry(1), "append");
  calls.holds = "requests";
  const claiming = assert.rejects(async () => await store.claim(1, 0), {
    code: "ERR_STORE",
    message: /it is closed/,
  });
  await calls.has(1);
  calls.holds = undefined;
  await store.close();
  calls.pass();
  await claiming;
  const [batch = assert.fail("It is still claimed")] = await other.claim(9, 0);
  assert.deepEqual([ids([batch]), batch.crashes], [[1], 0]);
}

/** A server that does not answer does not hold up closing. */
async function runClosedWithoutAnswer({ store, heard, calls }: LateAnswersRun): Promise<void> {
  await store.add(entry(1), "append");
  const [batch = assert.fail()] = await store.claim(1, 0);
  calls.holds = "requests";
  const began = performance.now();
  const adding = Promise.resolve(store.add(entry(2), "append")).catch(() => {});
  await store.close();
  assert.ok(performance.now() - began < 4_900, "Sooner than its calls end by themselves");
  assert.match(String(heard.errors), /No answer within/);
  assert.equal(await store.complete(batch, false), undefined);
  calls.holds = undefined;
  calls.pass();
  await adding;
}

/**
 * A process is suspended while it claims, or its network is. When it goes on, another one has handled what the answer says
 * that it has.
 *
 * @param afterMs How long the answer takes, of a lease of 30 000.
 */
async function runAnsweredTooLate(
  { t, store, calls, other, endLeases }: LateAnswersRun,
  afterMs: number,
): Promise<void> {
  const clock = new Clock(t);
  await store.add(entry(1), "append");
  calls.holds = "answers";
  const claiming = Promise.resolve(store.claim(1, 0));
  await calls.has(1);
  await endLeases();
  const [batch = assert.fail()] = await other.claim(1, 0);
  await other.complete(batch, false);
  clock.pass(afterMs);
  calls.holds = undefined;
  calls.pass();
  await assert.rejects(claiming, { code: "ERR_STORE", message: /an answer came when the lease had ended/ });
  assert.equal(await store.add(entry(1), "append"), "known");
}

/**
 * The sender repeats an update while it is handled here, which fails. The answer to the repeat names the claim, and comes
 * when that has ended: with several connections, or by the way that answers take in this process.
 */
async function runRepeatedBeforeRetry({ store, heard, calls }: LateAnswersRun): Promise<void> {
  await store.add(entry(1), "append");
  const [batch = assert.fail()] = await store.claim(1, 0);
  calls.holds = "answers";
  const repeated = store.add(entry(1), "claim");
  await calls.has(1);
  calls.holds = undefined;
  await store.retry(batch, 60_000);
  calls.pass();
  assert.equal(await repeated, "known", "It rests, and must not be handled now");
  assert.deepEqual(heard.batches, []);
}

/** A repeat is told of a claim before the answer to it comes, and the claim has ended by then. */
async function runClaimedAgainAfterRetry({ store, heard, calls }: LateAnswersRun): Promise<void> {
  await store.add(entry(1), "append");
  calls.holds = "answers";
  const claiming = store.claim(1, 0);
  await calls.has(1);
  calls.holds = undefined;
  const batch = await store.add(entry(1), "claim");
  assert.ok(typeof batch === "object");
  await store.retry(batch, 60_000);
  calls.pass();
  assert.deepEqual(ids(await claiming), []);
  assert.deepEqual(heard.batches, []);
}

/** What is tried, by what it shows. */
export const LATE_ANSWERS: Readonly<Record<string, (run: LateAnswersRun) => Promise<void>>> = {
  "what is claimed while a process comes back remains its own": runAnsweredTogether,
  "what a suspended process had claimed is not handled when it goes on": (run) =>
    runAnsweredTooLate(run, 30_000),
  "what was claimed when half of a lease was left is not handled when that is over": (run) =>
    runAnsweredTooLate(run, 15_000),
  "what its sender repeats during a renewal remains claimed": runRepeatedDuringRenewal,
  "what its sender repeats is not handled again when the answer comes after a retry": runRepeatedBeforeRetry,
  "what was claimed is not handled again when the answer comes after a retry": runClaimedAgainAfterRetry,
  "a claim that comes after closing does not bring the store back": runClaimedAfterClosing,
  "closing does not wait for a server that does not answer": runClosedWithoutAnswer,
};
