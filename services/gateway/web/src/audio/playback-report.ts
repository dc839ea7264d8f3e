/** The input and the output of `Playout`: chunks of sound, and reports of the playback's progress. */

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
  /** How many samples were played after that chunk. */
  readonly nextSamples: number;
  /** How many samples of the message will follow without a gap, because they are in the buffer. */
  readonly readySamples: number;
  readonly playedMs: number;
  /** Root mean square of the output since the last report, 0…1. */
  readonly level: number;
  /**
   * Total number of samples taken out of the buffer since the start, whether played or dropped. The playback queue
   * computes the free space in the buffer from it.
   */
  readonly consumed: number;
  readonly tally: Tally;
}

/** How much of one message's sound was played, for receipts and tests. */
export interface Tally {
  readonly samples: number;
  /** FNV-1a over the 16-bit samples in playing order. */
  readonly checksum: number;
  /** Total silence within the message, in ms, and the number of gaps. */
  readonly gapMs: number;
  readonly gaps: number;
}
