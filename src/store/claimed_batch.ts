import type { Update } from "../updates/mod.ts";
import type { AlbumEnd } from "./album_rules.ts";
import type { Batch, Lane, Tries } from "./inbox_store.ts";

/** A batch that this process has claimed in a durable store. Each store adds how it knows the claim. */
export class ClaimedBatch implements Batch {
  readonly lane: Lane;
  readonly updates: readonly Update[];
  readonly unreadable: readonly number[];
  readonly album: string | undefined;
  readonly isLate: boolean;
  readonly end: AlbumEnd | undefined;
  readonly waitedMs: number;
  readonly tries: Tries;
  readonly crashes: number;
  readonly crashesAlone: number;
  readonly isReplay: boolean;

  constructor(facts: Required<Batch>) {
    this.lane = facts.lane;
    this.updates = facts.updates;
    this.unreadable = facts.unreadable;
    this.album = facts.album;
    this.isLate = facts.isLate;
    this.end = facts.end;
    this.waitedMs = facts.waitedMs;
    this.tries = facts.tries;
    this.crashes = facts.crashes;
    this.crashesAlone = facts.crashesAlone;
    this.isReplay = facts.isReplay;
  }
}
