/*
 * What every store remembers, and for how long. Each of these bounds both its memory and its promise.
 */

/** Handled updates that a durable store remembers: some minutes of the busiest bot. */
export const REMEMBERED_UPDATES = 32_768;

/** Albums that a store remembers, since a part that is added after its album was claimed is late. */
export const REMEMBERED_ALBUMS = 10_000;

/** How long both are remembered: as long as Telegram repeats a message that was not acknowledged. */
export const REMEMBERED_MS: number = 24 * 60 * 60 * 1_000;

/**
 * For how long after a process has ended every update is claimed in the store before it is handled. Longer than
 * Telegram's longest pause between two attempts, or the one that ends processes would come when nobody looks.
 */
export const CAREFUL_MS = 300_000;

/** A batch that was claimed by that many processes that ended is a suspect. */
export const SUSPECT_CRASHES = 2;

/** Parked batches that a store in memory keeps. */
export const MOST_PARKED_IN_MEMORY = 1_000;

/** A server's clock that is set back by more is not followed: what waits would wait for as long. */
export const MOST_SET_BACK_MS = 1_000;
