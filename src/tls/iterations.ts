import { type Der, readNumber } from "./der.ts";
import { Unreadable } from "./unreadable.ts";

/**
 * The most rounds of hashing that a file may ask for, 20 times what any tool writes unasked. They take
 * seconds, except for a MAC by SHA-384 or SHA-512, which Web Crypto hashes one call at a time: a minute or
 * two, without blocking.
 */
export const MAX_ITERATIONS = 2_000_000;

/** Reads an iteration count, within limits: the file decides how long reading it takes. */
export function readIterations(der: Der | undefined): number {
  const iterations = readNumber(der);
  if (iterations === 0 || iterations > MAX_ITERATIONS) {
    throw new Unreadable(
      "unsupported",
      `an iteration count of ${iterations}, not between 1 and ${MAX_ITERATIONS}`,
    );
  }
  return iterations;
}
