/** The command line was used wrongly: its message is one line that says what to write instead. */
export class UsageError extends Error {
  override readonly name: string = "UsageError";
}
