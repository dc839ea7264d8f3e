/**
 * Which audio frames are to be played: each once, in message order, none that was cut off.
 *
 * The server keeps that order. What it cannot know is what this page has dropped on its own (Esc, typing) while frames
 * were still under way, and a resumed connection may repeat the last ones.
 */

import type { AudioFrame } from "./audio-frame";
import { compareIds } from "./stream-id";

export type Verdict = "play" | "repeated" | "cut_off" | "out_of_order";

/** How many finished messages are remembered; frames of older ones cannot be under way any more. */
const REMEMBERED = 256;

export class AudioOrder {
  #current = "";
  #lastId = "";
  #closed = new Map<string, Verdict>();
  /** Chunks that never came, counted by the jump in `chunk_index`. */
  missing = 0;
  #sentence = 0;
  #chunk = -1;

  /** What to do with a frame that has just arrived. */
  judge(frame: AudioFrame): Verdict {
    const closed = this.#closed.get(frame.messageId);
    if (closed) return closed;
    if (frame.messageId !== this.#current) {
      if (this.#current) this.#close(this.#current, "out_of_order");
      this.#current = frame.messageId;
      this.#lastId = "";
      this.#sentence = frame.sentence;
      this.#chunk = frame.chunk - 1;
    }
    if (compareIds(frame.id, this.#lastId) <= 0) return "repeated";
    if (frame.sentence === this.#sentence && frame.chunk > this.#chunk + 1) this.missing += frame.chunk - this.#chunk - 1;
    this.#lastId = frame.id;
    this.#sentence = frame.sentence;
    this.#chunk = frame.chunk;
    return "play";
  }

  /** The message's last frame has come. */
  complete(messageId: string): void {
    this.#close(messageId, "repeated");
    if (this.#current === messageId) this.#current = "";
  }

  /** These messages were cut off: whatever still comes of them is dropped. */
  cutOff(messageIds: Iterable<string>): void {
    for (const id of messageIds) this.#close(id, "cut_off");
    if (this.#current) this.#close(this.#current, "cut_off");
    this.#current = "";
  }

  #close(messageId: string, verdict: Verdict): void {
    if (this.#closed.get(messageId) !== "cut_off") this.#closed.set(messageId, verdict);
    for (const oldest of this.#closed.keys()) {
      if (this.#closed.size <= REMEMBERED) break;
      this.#closed.delete(oldest);
    }
  }
}
