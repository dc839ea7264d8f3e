/**
 * Target depth of the jitter buffer: the amount of sound to buffer before a message starts.
 *
 * The target starts small for low latency, grows when the buffer runs empty in the middle of a message, and shrinks
 * while there are no gaps. It grows fast and shrinks slowly because a gap is worse than 20 ms of latency.
 */

export const SMALLEST_TARGET_MS = 40;
export const LARGEST_TARGET_MS = 320;
/** After each message without a gap, the target shrinks by this fraction of its distance to the minimum. */
const SHRINK = 0.2;

export class JitterTarget {
  #targetMs = SMALLEST_TARGET_MS;

  get targetMs(): number {
    return this.#targetMs;
  }

  /** Record that the buffer was empty for this long in the middle of a message. */
  ranDry(gapMs: number): void {
    // An increase by half of the gap is enough to cover most of a similar gap later. The maximum limits the effect of a
    // single sentence for which the model takes seconds.
    this.#targetMs = Math.min(LARGEST_TARGET_MS, this.#targetMs + Math.max(20, gapMs / 2));
  }

  /** Record that a message was played to its end without a gap. */
  playedSmoothly(): void {
    this.#targetMs -= (this.#targetMs - SMALLEST_TARGET_MS) * SHRINK;
  }
}
