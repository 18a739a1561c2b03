/**
 * The few facts of a delivery that are known before its body is read. Each way in (a `Request`, a `node:http`
 * message) implements it, so that no `Request` is built where the runtime does not have one, and nothing is computed that
 * no check needs.
 */
export interface DeliveryHead {
  readonly method: string;
  /** The path as received, without query and fragment. */
  readonly path: string;
  /** The address of the other end of the socket, if the runtime provides it. */
  readonly address: string | undefined;
  /** The declared length of the body, in bytes. */
  readonly contentLength: number | undefined;
  /** A header's value by its lower-case name. */
  header(name: string): string | null | undefined;
  /** All headers, by names in lower case. */
  readonly headers: Iterable<readonly [string, string]>;
}
