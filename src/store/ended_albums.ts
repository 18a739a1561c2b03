import type { TelegramQueue } from "./store.ts";

/** How many albums are remembered at least; there are never more than twice as many. */
const REMEMBERED = 10_000;

/**
 * The albums that collect no more, the latest of them, by their keys and the queues that these mean something in. To
 * forget costs nothing: half of them go at a time, since a JavaScript `Map` finds its oldest entry only by passing over
 * the places of all that were deleted before.
 */
export class EndedAlbums {
  #recent = new Map<string, TelegramQueue>();
  #older = new Map<string, TelegramQueue>();

  has(queue: TelegramQueue, key: string): boolean {
    return hasIn(this.#recent, queue, key) || hasIn(this.#older, queue, key);
  }

  add(queue: TelegramQueue, key: string): void {
    const other = this.#recent.get(key) ?? queue;
    this.#recent.set(other === queue ? key : inBoth(queue, key), queue);
    if (this.#recent.size < REMEMBERED) return;
    this.#older = this.#recent;
    this.#recent = new Map();
  }
}

function hasIn(albums: ReadonlyMap<string, TelegramQueue>, queue: TelegramQueue, key: string): boolean {
  const found = albums.get(key);
  return found === queue || (found !== undefined && albums.get(inBoth(queue, key)) === queue);
}

/** That two queues have albums of the same key hardly ever happens: only then is a string made that tells them apart. */
function inBoth(queue: TelegramQueue, key: string): string {
  return `${queue} ${key}`;
}
