/**
 * Queue of received sound that does not fit into the worklet's buffer yet. Commands to the worklet stay in order.
 *
 * The server may send a reply much faster than the page plays it. The worklet's buffer takes a few seconds of sound,
 * this queue takes the rest.
 */

import type { AudioFrame } from "../wire/audio-frame";
import type { ToWorklet } from "./playback-port";

/** Maximum length of the queue: 30 minutes of speech, 86 MB. */
export const BACKLOG_MAX_SAMPLES = 30 * 60 * 24_000;

type Waiting = { readonly frame: AudioFrame } | { readonly end: string };

export class PlaybackQueue {
  #waiting: Waiting[] = [];
  #head = 0;
  #backlog = 0;
  #sent = 0;
  #consumed = 0;

  /** @param capacity of the worklet's buffer, in samples of speech */
  constructor(
    private readonly capacity: number,
    private readonly post: (command: ToWorklet) => void,
  ) {}

  /** Add a frame. If the queue is full, the frame is dropped, and the method returns false. */
  push(frame: AudioFrame): boolean {
    if (this.#backlog + frame.samples.length > BACKLOG_MAX_SAMPLES) return false;
    this.#waiting.push({ frame });
    this.#backlog += frame.samples.length;
    this.#feed();
    return true;
  }

  end(messageId: string): void {
    this.#waiting.push({ end: messageId });
    this.#feed();
  }

  /** Record how many samples the worklet has taken out of its buffer since the start. */
  consumed(samples: number): void {
    this.#consumed = Math.max(this.#consumed, samples);
    this.#feed();
  }

  /** Drop all sound in the queue. The worklet drops the sound in its own buffer when it gets `flush`. */
  clear(): void {
    this.#waiting = [];
    this.#head = 0;
    this.#backlog = 0;
  }

  #feed(): void {
    for (;;) {
      const next = this.#waiting[this.#head];
      if (!next) break;
      if ("end" in next) this.post({ do: "end", messageId: next.end });
      else {
        const { messageId, sentence, chunk, samples } = next.frame;
        if (this.#sent - this.#consumed + samples.length > this.capacity) break;
        this.#sent += samples.length;
        this.#backlog -= samples.length;
        this.post({ do: "push", messageId, sentence, chunk, samples });
      }
      this.#head += 1;
    }
    if (this.#head > 512 || this.#head === this.#waiting.length) {
      this.#waiting = this.#waiting.slice(this.#head);
      this.#head = 0;
    }
  }
}
