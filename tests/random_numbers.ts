import { numbersFrom } from "../src/testing/store/model.ts";

/** Numbers from 0 up to 1, 1 excluded. They are the same for the same seed. */
export function randomNumbers(seed: number): () => number {
  const numbers = numbersFrom(seed);
  return () => numbers(2 ** 32) / 2 ** 32;
}
