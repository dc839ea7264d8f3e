/**
 * Sound that has come but does not fit into the worklet yet, and the order of what is said to the worklet.
 *
 * A voice may be made a thousand times faster than it is heard; the worklet holds seconds, this holds the rest.
 */

import type { AudioFrame } from "../wire/audio-frame";
import type { ToWorklet } from "./playback-port";

/** 30 minutes of speech, 86 MB: a talk that is further behind than that has lost its listener. */
export const BACKLOG_MAX_SAMPLES = 30 * 60 * 24_000;

type Waiting = { readonly frame: AudioFrame } | { readonly end: string };

export class PlaybackQueue {
  #waiting: Waiting[] = [];
  #head = 0;
  #backlog = 0;
  #sent = 0;
  #consumed = 0;

  /** @param capacity of the worklet, in samples of speech */
  constructor(
    private readonly capacity: number,
    private readonly post: (command: ToWorklet) => void,
  ) {}

  /** False: the backlog is full, and the frame was not taken. */
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

  /** The worklet has taken so many samples since the beginning. */
  consumed(samples: number): void {
    this.#consumed = Math.max(this.#consumed, samples);
    this.#feed();
  }

  /** Everything not yet with the worklet is off. What is there, it drops itself. */
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
