/**
 * Decides which audio frames are played: each frame once, in the order of the messages, and no frame of an interrupted
 * message.
 *
 * The server already sends the frames in this order. Two cases remain: frames are still on the way when this page
 * interrupts on its own (Esc, typing), and a resumed connection repeats the last frames.
 */

import type { AudioFrame } from "./audio-frame";
import { compareIds } from "./stream-id";

/** The decision for a frame: play it, or drop it for one of three reasons. */
export type FrameDecision = "play" | "repeated" | "cut_off" | "out_of_order";

/** How many finished messages are remembered. All frames of older messages have arrived by then. */
const REMEMBERED = 256;

export class AudioOrder {
  #current = "";
  #lastId = "";
  #closed = new Map<string, FrameDecision>();

  /** Decide about a frame that has just arrived. */
  decide(frame: AudioFrame): FrameDecision {
    const closed = this.#closed.get(frame.messageId);
    if (closed) return closed;
    if (frame.messageId !== this.#current) {
      if (this.#current) this.#close(this.#current, "out_of_order");
      this.#current = frame.messageId;
      this.#lastId = "";
    }
    if (compareIds(frame.id, this.#lastId) <= 0) return "repeated";
    this.#lastId = frame.id;
    return "play";
  }

  /** Drop all further frames of these messages, because the user has interrupted them. */
  cutOff(messageIds: Iterable<string>): void {
    for (const id of messageIds) this.#close(id, "cut_off");
    if (this.#current) this.#close(this.#current, "cut_off");
    this.#current = "";
  }

  #close(messageId: string, decision: FrameDecision): void {
    if (this.#closed.get(messageId) !== "cut_off") this.#closed.set(messageId, decision);
    for (const oldest of this.#closed.keys()) {
      if (this.#closed.size <= REMEMBERED) break;
      this.#closed.delete(oldest);
    }
  }
}
