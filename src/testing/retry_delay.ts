/** The longest delay that `Retry-After` can ask for. */
const MAX_RETRY_AFTER_S = 3600;
/** Delays double up to somewhere between this and its double. */
const MAX_DELAY_S = 60;
const MAX_INT32 = 2_147_483_647;

/** How long one update waits between its tries. */
export class RetryDelay {
  #delay = 1;
  #failures = 0;

  /**
   * Notes a failed try.
   *
   * @param retryAfter The `Retry-After` header of the answer: whole seconds that fit in 32 bits count, anything else does
   *   not.
   * @returns After how many seconds to try again: 0, 2, 4, 8, 16, 32, 64, then 60 to 120; or what was asked for.
   */
  next(retryAfter: string | undefined, random: () => number): number {
    const asked = Math.min(wholeSeconds(retryAfter), MAX_RETRY_AFTER_S);
    const isFirst = this.#failures++ === 0;
    if (asked > 0 || isFirst) return asked;
    const cap = MAX_DELAY_S + Math.floor(random() * (MAX_DELAY_S + 1));
    this.#delay = Math.min(cap, this.#delay * 2);
    return this.#delay;
  }
}

function wholeSeconds(header = ""): number {
  const seconds = /^(0|[1-9]\d*)$/.test(header) ? Number(header) : 0;
  return seconds <= MAX_INT32 ? seconds : 0;
}
