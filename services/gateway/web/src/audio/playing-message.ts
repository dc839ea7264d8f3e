/**
 * Records what was played of one message: the number of samples, their checksum, the gaps, the last chunk that was
 * played to its end, and the samples after it.
 */

import type { Report } from "./playback-report";

export class PlayingMessage {
  sentence: number;
  #doneSentence = -1;
  #doneChunk = -1;
  #nextSamples = 0;
  #samples = 0;
  #checksum = 0x811c9dc5;
  #gaps = 0;
  #gapSamples = 0;

  constructor(
    readonly messageId: string,
    sentence: number,
  ) {
    this.sentence = sentence;
  }

  get gaps(): number {
    return this.#gaps;
  }

  played(samples: number): void {
    this.#samples += samples;
    this.#nextSamples += samples;
  }

  chunkDone(sentence: number, chunk: number): void {
    this.#doneSentence = sentence;
    this.#doneChunk = chunk;
    this.#nextSamples = 0;
  }

  /** Record that there was no sound to play for this many samples. */
  ranDry(samples: number): void {
    this.#gaps += 1;
    this.#gapSamples += samples;
  }

  /** Add samples to the checksum: FNV-1a over 16-bit values. */
  hash(out: Float32Array, from: number, count: number): void {
    let hash = this.#checksum;
    for (let index = from; index < from + count; index += 1) {
      hash = Math.imul(hash ^ (Math.round((out[index] ?? 0) * 32_768) & 0xffff), 0x01000193) >>> 0;
    }
    this.#checksum = hash;
  }

  /** @param rate samples per second */
  report(
    cause: Report["cause"],
    rate: number,
    { level, consumed, readySamples }: Pick<Report, "level" | "consumed" | "readySamples">,
  ): Report {
    return {
      cause,
      messageId: this.messageId,
      sentence: this.sentence,
      doneSentence: this.#doneSentence,
      doneChunk: this.#doneChunk,
      nextSamples: this.#nextSamples,
      readySamples,
      playedMs: Math.floor((this.#samples / rate) * 1_000),
      level,
      consumed,
      tally: {
        samples: this.#samples,
        checksum: this.#checksum,
        gaps: this.#gaps,
        gapMs: (this.#gapSamples / rate) * 1_000,
      },
    };
  }
}
