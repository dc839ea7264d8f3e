/**
 * Decides when to send a playback receipt: every 200 ms, at once after a sentence, a message or a flush, and when the
 * page is about to stop playing.
 */

import type { Receipt } from "../wire/commands";
import type { HeardBefore } from "../wire/events";
import { SPEECH_RATE } from "../wire/audio-frame";
import type { FromWorklet } from "./playback-port";
import type { Report } from "./playback-report";

export const RECEIPT_EVERY_MS = 200;
/** The largest number of gaps that the server accepts. */
const MAX_GAPS = 1_000;

/** The gaps in the message so far. */
const gapsOf = ({ tally }: Report): Pick<Receipt, "gaps" | "gap_ms"> => ({
  gaps: Math.min(tally.gaps, MAX_GAPS),
  gap_ms: Math.round(tally.gapMs),
});

export class Receipts {
  #messageId = "";
  #sentMs = -1;
  #before = new Map<string, HeardBefore>();

  /** The messages for which a receipt was made. */
  #given = new Set<string>();

  /** Record how much of this message was already played by an earlier page. */
  playedBefore(heard: HeardBefore): void {
    this.#before.set(heard.message_id, heard);
  }

  /**
   * The receipt to send after this report; null if none is due. A message's first receipt is due when its first chunk
   * was played, unless an earlier page has played it.
   */
  after(report: Report): Receipt | null {
    const before = this.#before.get(report.messageId);
    if (report.messageId === "" || (report.doneChunk < 0 && !before)) return null;
    if (report.messageId !== this.#messageId) {
      this.#messageId = report.messageId;
      this.#sentMs = -1;
    }
    const urgent = report.cause === "sentence" || report.cause === "ended" || report.cause === "flushed";
    const due = this.#sentMs < 0 || report.playedMs - this.#sentMs >= RECEIPT_EVERY_MS;
    if (!(due || (urgent && report.playedMs > this.#sentMs))) return null;
    this.#sentMs = report.playedMs;
    this.#given.add(report.messageId);
    const played_ms = (before?.played_ms ?? 0) + report.playedMs;
    if (report.doneChunk >= 0 || !before) {
      const place = { sentence_index: report.doneSentence, chunk_index: report.doneChunk };
      return { message_id: report.messageId, ...place, played_ms, next_samples: report.nextSamples, ...gapsOf(report) };
    }
    // Of the chunk in which the earlier page has stopped, this page has only the rest.
    const { sentence_index, chunk_index, next_samples } = before;
    return {
      message_id: report.messageId,
      sentence_index,
      chunk_index,
      played_ms,
      next_samples: next_samples + report.nextSamples,
      ...gapsOf(report),
    };
  }

  /**
   * The receipt that says that nothing of this message was played; null if there was a receipt for it. Without any
   * receipt, the server would assume that this page has played all that it was sent.
   */
  notPlayed(messageId: string): Receipt | null {
    if (this.#given.has(messageId) || this.#before.has(messageId)) return null;
    this.#given.add(messageId);
    return {
      message_id: messageId,
      sentence_index: 0,
      chunk_index: 0,
      played_ms: 0,
      next_samples: 0,
      gaps: 0,
      gap_ms: 0,
    };
  }
}

/**
 * What the worklet would report at `nowMs`, by the audio clock. The audio thread plays the samples in its buffer on its
 * own, so the page knows how many it has played since the last report.
 */
export function reportAt(report: FromWorklet, nowMs: number): FromWorklet {
  const since = Math.floor(((nowMs - report.atMs) / 1_000) * SPEECH_RATE);
  const samples = Math.max(0, Math.min(since, report.readySamples));
  return {
    ...report,
    cause: "flushed",
    nextSamples: report.nextSamples + samples,
    readySamples: report.readySamples - samples,
    playedMs: report.playedMs + Math.floor((samples / SPEECH_RATE) * 1_000),
  };
}
