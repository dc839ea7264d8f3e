/** Input and reports of the playout: chunks of sound in, progress out. */

/** A chunk of one message's sound. */
export interface AudioChunk {
  readonly messageId: string;
  readonly sentence: number;
  readonly chunk: number;
  readonly samples: Int16Array;
}

export interface Report {
  readonly cause: "started" | "tick" | "sentence" | "ended" | "flushed";
  readonly messageId: string;
  /** The sentence being played. */
  readonly sentence: number;
  /** The last chunk played to its end; −1, −1 before the first. */
  readonly doneSentence: number;
  readonly doneChunk: number;
  readonly playedMs: number;
  /** Root mean square of the output since the last report, 0…1. */
  readonly level: number;
  /** Samples taken out of the buffer since the start, played or dropped; the playback queue may send as many more. */
  readonly consumed: number;
  readonly tally: Tally;
}

/** Counts of one message's played sound, for receipts and tests. */
export interface Tally {
  readonly samples: number;
  /** FNV-1a over the 16-bit samples in playing order. */
  readonly checksum: number;
  /** Silence inside the message in ms, and the number of gaps. */
  readonly gapMs: number;
  readonly gaps: number;
}
