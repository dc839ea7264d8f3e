/** Decides when to send a playback receipt: every 200 ms, and at once after a sentence, a message or a flush. */

import type { Receipt } from "../wire/commands";
import type { Report } from "./playback-report";

export const RECEIPT_EVERY_MS = 200;
/** The largest number of gaps that the server accepts. */
const MAX_GAPS = 1_000;

export class Receipts {
  #messageId = "";
  #sentMs = -1;
  #before = new Map<string, number>();

  /** Record how much of this message was already played by an earlier page. */
  playedBefore(messageId: string, ms: number): void {
    this.#before.set(messageId, ms);
  }

  /**
   * The receipt to send after this report; null if none is due. A message's first receipt is due when its first chunk
   * was played.
   */
  after(report: Report): Receipt | null {
    if (report.messageId === "" || report.doneChunk < 0) return null;
    if (report.messageId !== this.#messageId) {
      this.#messageId = report.messageId;
      this.#sentMs = -1;
    }
    const urgent = report.cause === "sentence" || report.cause === "ended" || report.cause === "flushed";
    const due = this.#sentMs < 0 || report.playedMs - this.#sentMs >= RECEIPT_EVERY_MS;
    if (!(due || (urgent && report.playedMs > this.#sentMs))) return null;
    this.#sentMs = report.playedMs;
    return {
      message_id: report.messageId,
      sentence_index: report.doneSentence,
      chunk_index: report.doneChunk,
      played_ms: (this.#before.get(report.messageId) ?? 0) + report.playedMs,
      gaps: Math.min(report.tally.gaps, MAX_GAPS),
      gap_ms: Math.round(report.tally.gapMs),
    };
  }
}
