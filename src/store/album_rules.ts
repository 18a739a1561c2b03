/**
 * Why an album is complete: ten parts, a later update of its lane that is in no album, the quiet time, `maxWaitMs`, or
 * closing.
 */
export type AlbumEnd = "full" | "next" | "quiet" | "maxWait" | "close";

/** When an album is complete. */
export interface AlbumRules {
  /** That many milliseconds after its latest part … */
  readonly quietMs: number;
  /** … but not later than that many after its first … */
  readonly maxWaitMs: number;
  /** … and at once with that many parts. */
  readonly mostParts: number;
}

/** What an album is after a part was added. */
export interface AlbumState {
  /** Whether it takes further parts. */
  readonly isCollecting: boolean;
  /** When it is due, on the same clock as the times given. */
  readonly dueAt: number;
  /** Why it is complete then. */
  readonly end: AlbumEnd;
}

/**
 * What an album is once it has that many parts. Every store applies this rule; one whose clock is a server's states it
 * in the server's language.
 *
 * @param beganAt When its first part was added.
 * @param now When its latest part was added.
 */
export function albumState(rules: AlbumRules, parts: number, beganAt: number, now: number): AlbumState {
  if (parts >= rules.mostParts) return { isCollecting: false, dueAt: now, end: "full" };
  const quietAt = now + rules.quietMs;
  const lastAt = beganAt + rules.maxWaitMs;
  return quietAt <= lastAt
    ? { isCollecting: true, dueAt: quietAt, end: "quiet" }
    : { isCollecting: true, dueAt: lastAt, end: "maxWait" };
}

/**
 * How much longer an album waits that was collecting when its process ended: Telegram's sender repeats a part that was
 * lost after 2 seconds, or after a pause that doubles with every failure, so that it is about as long as the absence.
 *
 * It waits for that once: an album whose latest part is older than the sender's longest pause, and that is not due yet, gets
 * no more time. Or it would hold up its lane for as long as processes end.
 *
 * @param absentMs Milliseconds since its latest part.
 */
export function extraAfterAbsence(absentMs: number): number {
  return 2_000 + Math.min(Math.max(0, absentMs), LONGEST_PAUSE_MS);
}

/** The longest pause of Telegram's sender between two attempts. */
export const LONGEST_PAUSE_MS = 120_000;
