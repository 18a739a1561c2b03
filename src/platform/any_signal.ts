const sources = new WeakMap<AbortSignal, readonly AbortSignal[]>();

/**
 * As `AbortSignal.any`, whose result does not keep alive what it depends on in Node 20: an `AbortSignal.timeout` that
 * nothing else refers to was collected there, and a request without an answer never ended.
 */
export function anySignal(signals: readonly AbortSignal[]): AbortSignal {
  const combined = AbortSignal.any([...signals]);
  sources.set(combined, signals);
  return combined;
}
