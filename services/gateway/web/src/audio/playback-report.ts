/** What goes into the loudspeaker and what it says of itself. */

/** A chunk of one message's sound. */
export interface Piece {
  readonly messageId: string;
  readonly sentence: number;
  readonly chunk: number;
  readonly samples: Int16Array;
}

export interface Report {
  readonly cause: "started" | "tick" | "sentence" | "ended" | "flushed";
  readonly messageId: string;
  /** The sentence being put out. */
  readonly sentence: number;
  /** The last chunk put out to its end; −1, −1 before there is one. */
  readonly doneSentence: number;
  readonly doneChunk: number;
  readonly playedMs: number;
  /** Root mean square of the output since the last report, 0…1. */
  readonly level: number;
  /** Samples taken out of the buffer since the beginning, played or dropped: the feeder's credit. */
  readonly consumed: number;
  readonly tally: Tally;
}

/** What was put out of one message, for receipts and tests. */
export interface Tally {
  readonly samples: number;
  /** FNV-1a over the 16-bit samples in the order they were put out. */
  readonly checksum: number;
  /** Silence inside the message, in ms, and how often. */
  readonly gapMs: number;
  readonly gaps: number;
}
