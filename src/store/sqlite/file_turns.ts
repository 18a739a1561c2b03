/** The timer itself, which tests can stop: no file is to wait for one of theirs. */
const { setImmediate: soon = setTimeout } = globalThis as {
  readonly setImmediate?: (run: () => void) => unknown;
};

let last: Promise<void> = Promise.resolve();

/**
 * Resolves in a turn of the event loop in which no other file of this process is opened or closed. Either takes ten
 * milliseconds and more on a disk, with the event loop blocked, and a host of many bots may have hundreds of files.
 */
export function ownTurn(): Promise<void> {
  return last = last.then(() => new Promise((resolve) => void soon(resolve)));
}
