/**
 * Target depth of the jitter buffer: the amount of sound to buffer before a message starts.
 *
 * Starts small for low latency, grows when the sound runs dry, and shrinks while there are no gaps. It grows fast and
 * shrinks slowly because a gap is worse than 20 ms of latency.
 */

export const SMALLEST_TARGET_MS = 40;
export const LARGEST_TARGET_MS = 320;
/** Share of the distance to the minimum by which the target shrinks after each message without a gap. */
const SHRINK = 0.2;

export class JitterTarget {
  #targetMs = SMALLEST_TARGET_MS;

  get targetMs(): number {
    return this.#targetMs;
  }

  /** Record that the buffer ran dry inside a message for this long. */
  ranDry(gapMs: number): void {
    // Half of the gap covers most of a similar gap later. The bound limits the effect of a single slow sentence of the
    // model, which takes seconds.
    this.#targetMs = Math.min(LARGEST_TARGET_MS, this.#targetMs + Math.max(20, gapMs / 2));
  }

  /** Record that a message was played to its end without a gap. */
  playedSmoothly(): void {
    this.#targetMs -= (this.#targetMs - SMALLEST_TARGET_MS) * SHRINK;
  }
}
