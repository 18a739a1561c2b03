/** Whether this is a chunk of bytes, from whichever realm: `instanceof` knows that of this module alone. */
export function isBytes(value: unknown): value is Uint8Array {
  return ArrayBuffer.isView(value) && "subarray" in value;
}

/**
 * The chunks of a body as one, so that a character that was split over two of them is whole again.
 *
 * @param length How many bytes they have in all.
 */
export function joinChunks(chunks: readonly Uint8Array[], length: number): Uint8Array {
  const [first] = chunks;
  if (chunks.length === 1 && first instanceof Uint8Array) return first; // nearly every update: nothing to copy
  const whole = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}
