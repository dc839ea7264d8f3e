/** When to tell the server what has been played: about five times a second, and where it matters at once. */

import type { Receipt } from "../wire/commands";
import type { Report } from "./playback-report";

export const RECEIPT_EVERY_MS = 200;

export class Receipts {
  #messageId = "";
  #toldMs = -1;
  #before = new Map<string, number>();

  /** So much of a message was played before this page was opened. */
  playedBefore(messageId: string, ms: number): void {
    this.#before.set(messageId, ms);
  }

  /** The receipt this report calls for, or null. Nothing is claimed before the first chunk has been heard to its end. */
  after(report: Report): Receipt | null {
    if (report.messageId === "" || report.doneChunk < 0) return null;
    if (report.messageId !== this.#messageId) {
      this.#messageId = report.messageId;
      this.#toldMs = -1;
    }
    const urgent = report.cause === "sentence" || report.cause === "ended" || report.cause === "flushed";
    const due = this.#toldMs < 0 || report.playedMs - this.#toldMs >= RECEIPT_EVERY_MS;
    if (!(due || (urgent && report.playedMs > this.#toldMs))) return null;
    this.#toldMs = report.playedMs;
    return {
      message_id: report.messageId,
      sentence_index: report.doneSentence,
      chunk_index: report.doneChunk,
      played_ms: (this.#before.get(report.messageId) ?? 0) + report.playedMs,
    };
  }
}
