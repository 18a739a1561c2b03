/**
 * The reason why bytes could not be read. The parsers throw it. The caller, who knows the file and whether it is a
 * keystore or a key, turns it into a `TelehookError` that says what to do.
 */
export class Unreadable extends Error {
  readonly reason: "damaged" | "unsupported" | "password";

  constructor(reason: "damaged" | "unsupported" | "password", detail: string) {
    super(detail);
    this.reason = reason;
  }
}
