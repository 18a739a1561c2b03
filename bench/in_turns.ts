/** Measures all contestants in that many rounds, every other round in reverse order, so that drift favors none. */
export async function inTurns<T>(
  all: readonly T[],
  rounds: number,
  measure: (each: T) => Promise<void>,
): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    for (const each of round % 2 === 0 ? all : all.toReversed()) await measure(each);
  }
}
