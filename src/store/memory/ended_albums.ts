import type { Lane } from "../inbox_store.ts";
import { REMEMBERED_ALBUMS } from "../limits.ts";

/**
 * The albums of which a batch was claimed or is complete: at least the latest {@link REMEMBERED_ALBUMS}, and never more
 * than twice as many. Forgetting costs nothing: half of them go at a time, because a JavaScript `Map` finds its oldest
 * entry only by passing over the places of all that were deleted before.
 */
export class EndedAlbums {
  #recent = new Map<string, Lane>();
  #older = new Map<string, Lane>();

  has(lane: Lane, album: string): boolean {
    return hasIn(this.#recent, lane, album) || hasIn(this.#older, lane, album);
  }

  add(lane: Lane, album: string): void {
    const other = this.#recent.get(album) ?? lane;
    this.#recent.set(other === lane ? album : inBoth(lane, album), lane);
    if (this.#recent.size < REMEMBERED_ALBUMS) return;
    this.#older = this.#recent;
    this.#recent = new Map();
  }

  clear(): void {
    this.#recent.clear();
    this.#older.clear();
  }
}

function hasIn(albums: ReadonlyMap<string, Lane>, lane: Lane, album: string): boolean {
  const found = albums.get(album);
  return found === lane || (found !== undefined && albums.get(inBoth(lane, album)) === lane);
}

/** Two lanes hardly ever have albums of the same key: only then is a text made that tells them apart. */
function inBoth(lane: Lane, album: string): string {
  return `${lane} ${album}`;
}
