/** Who wrote an update: its chat, and the album that it is a part of. */
export interface Written {
  readonly chat: number;
  readonly album: string | undefined;
}

/** What the journal of a soak says about the guarantees. */
export interface Findings {
  /** Updates that no call has handled. */
  readonly lost: number;
  /** Updates that were handled before an earlier one of their chat was. */
  readonly outOfOrder: number;
  readonly albums: number;
  /** Albums that came in more than one piece. */
  readonly split: number;
  /** Albums that also did, but whose sender paused for longer than their quiet time between the pieces. */
  readonly interrupted: number;
  /** Calls that began in a lane while another one ran there, in a process that lived. */
  readonly together: number;
  /** The same, where both calls had the same update: its sender repeated it while its first call ran. */
  readonly repeatedMeanwhile: number;
  /** How often an update was handled again. */
  readonly twice: number;
  readonly threw: number;
  /** Calls that a kill has cut. */
  readonly cut: number;
  /** Calls whose signal was aborted, because another process may have the update. */
  readonly leasesLost: number;
  /** What was found, for whoever looks for the reason. */
  readonly examples: readonly string[];
}

interface Call {
  readonly run: string;
  readonly ids: readonly number[];
}

/**
 * Judges a journal: the lines `begin | end | throw | lost <run> <ids…>` of all processes, in the order of their writing.
 *
 * @param story All updates, in their order.
 * @param isPause Whether the sender paused for too long between two parts of an album.
 */
export function judge(
  journal: string,
  story: ReadonlyMap<number, Written>,
  isPause: (part: number, next: number) => boolean = () => false,
): Findings {
  const lines = journal.trim().split("\n").map((line) => {
    const [what = "", run = "", ...ids] = line.split(" ");
    return { what, run, ids: ids.map(Number) };
  });
  const lastLineOf = new Map<string, number>(lines.map(({ run }, i) => [run, i]));
  const running = new Map<number, Call[]>(); // by chat
  const calls: (readonly number[])[] = []; // that ended well, in the order of their ends
  const examples: string[] = [];
  const counts = { together: 0, repeatedMeanwhile: 0, threw: 0, begun: 0, ended: 0, leasesLost: 0 };
  for (const [i, { what, run, ids }] of lines.entries()) {
    const chat = story.get(ids[0] ?? 0)?.chat ?? 0;
    const here = running.get(chat) ?? [];
    running.set(chat, here);
    if (what === "begin") {
      counts.begun++;
      // A process that was killed writes nothing more. What one that lives runs here, runs beside this call.
      for (const other of here.filter((call) => (lastLineOf.get(call.run) ?? 0) > i)) {
        const isSame = other.ids.join() === ids.join();
        if (isSame) counts.repeatedMeanwhile++;
        else counts.together++;
        examples.push(`chat ${chat}: ${ids} (${run}) began while ${other.ids} (${other.run}) ran, line ${i}`);
      }
      here.push({ run, ids });
    } else if (what === "lost") counts.leasesLost++;
    else {
      counts.ended++;
      running.set(chat, here.filter((call) => call.run !== run || call.ids.join() !== ids.join()));
      if (what === "end") calls.push(ids);
      else counts.threw++;
    }
  }

  const first = new Map<number, number>(); // update → the call that handled it first
  for (const [call, ids] of calls.entries()) for (const id of ids) if (!first.has(id)) first.set(id, call);
  const last = new Map<number, number>(); // chat → the latest call that handled an update of it
  const piecesOf = new Map<string, Set<number>>();
  let outOfOrder = 0;
  for (const [id, { chat, album }] of story) {
    const call = first.get(id);
    if (call === undefined) {
      examples.push(`update ${id} of chat ${chat} was not handled`);
      continue;
    }
    if (call < (last.get(chat) ?? -1)) {
      outOfOrder++;
      examples.push(`chat ${chat}: ${id} was handled late`);
    }
    last.set(chat, Math.max(call, last.get(chat) ?? -1));
    if (album !== undefined) {
      const key = `${chat} ${album}`;
      piecesOf.set(key, (piecesOf.get(key) ?? new Set()).add(call));
    }
  }
  const inPieces = [...piecesOf].filter(([, pieces]) => pieces.size > 1);
  const split = inPieces.filter(([, pieces]) => {
    const idsOf = [...pieces].map((call) => calls[call] ?? []);
    return idsOf.slice(1).some((ids, i) => !isPause(idsOf[i]?.at(-1) ?? 0, ids[0] ?? 0));
  });
  for (const [key, pieces] of split) {
    examples.push(`album ${key}: ${[...pieces].map((call) => `[${calls[call]?.join(" ")}]`).join(" ")}`);
  }
  return {
    lost: story.size - first.size,
    outOfOrder,
    albums: piecesOf.size,
    split: split.length,
    interrupted: inPieces.length - split.length,
    together: counts.together,
    repeatedMeanwhile: counts.repeatedMeanwhile,
    twice: calls.flat().length - first.size,
    threw: counts.threw,
    cut: counts.begun - counts.ended,
    leasesLost: counts.leasesLost,
    examples,
  };
}
