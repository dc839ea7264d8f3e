/** Keeps the newest PCM frames until there is a session to send them to. */

/** About 3 s at 32 ms a frame. The server accepts 5 s at once. */
export const MOST_FRAMES = 94;

export class PcmBacklog {
  #frames: ArrayBuffer[] = [];

  add(pcm: ArrayBuffer): void {
    this.#frames.push(pcm);
    if (this.#frames.length > MOST_FRAMES) this.#frames.shift();
  }

  clear(): void {
    this.#frames = [];
  }

  /** Returns the frames, oldest first, and forgets them. */
  take(): readonly ArrayBuffer[] {
    const frames = this.#frames;
    this.#frames = [];
    return frames;
  }
}
