/**
 * The few facts of a delivery that are known before its body is read. Each way in (a `Request`, a `node:http`
 * message) has its own, so that no `Request` is built where the runtime does not have one, and so that what no
 * check asks for is never worked out.
 */
export interface DeliveryHead {
  readonly method: string;
  /** The path as it came over the wire, without query and fragment. */
  readonly path: string;
  /** The address of the socket's other end, where the runtime tells it. */
  readonly address: string | undefined;
  /** How long the body is said to be, in bytes. */
  readonly contentLength: number | undefined;
  /** A header's value by its lower-case name. */
  header(name: string): string | null | undefined;
  /** All headers, by names in lower case. */
  readonly headers: Iterable<readonly [string, string]>;
}
