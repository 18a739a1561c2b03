/** Measures all in so many rounds, every other round backwards, so that what drifts favours nobody. */
export async function inTurns<T>(
  all: readonly T[],
  rounds: number,
  measure: (each: T) => Promise<void>,
): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    for (const each of round % 2 === 0 ? all : all.toReversed()) await measure(each);
  }
}
