/** Keeps the newest PCM frames until there is a session to send them to. */

/** About 3 s at 32 ms a frame. The server accepts 5 s at once. */
export const MOST_FRAMES = 94;
/** About 500 ms: the beginning of a word that was spoken while the button was pressed. */
export const PRE_ROLL_FRAMES = 16;

export class PcmBacklog {
  #frames: ArrayBuffer[] = [];

  /** @param most how many frames are kept */
  add(pcm: ArrayBuffer, most = MOST_FRAMES): void {
    this.#frames.push(pcm);
    while (this.#frames.length > most) this.#frames.shift();
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
