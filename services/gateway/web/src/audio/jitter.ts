/**
 * How much sound to hold back before a message starts, so that it does not stutter on an uneven line.
 *
 * Starts small (a voice that answers at once is worth more than insurance), grows when the sound ran dry, and goes back
 * slowly while all is well. Growing is fast and shrinking slow because a stutter is worse than 20 ms of waiting.
 */

export const SMALLEST_TARGET_MS = 40;
export const LARGEST_TARGET_MS = 320;
/** Share of the distance to the smallest that is given back after each message without a gap. */
const SHRINK = 0.2;

export class JitterTarget {
  #targetMs = SMALLEST_TARGET_MS;

  /** Sound to have before playing, in ms. */
  get targetMs(): number {
    return this.#targetMs;
  }

  /** The sound ran dry inside a message for so long. */
  ranDry(gapMs: number): void {
    // Half of the gap on top: the next one of its kind is then mostly covered, and a single slow sentence of the
    // model (seconds) cannot push it beyond the bound.
    this.#targetMs = Math.min(LARGEST_TARGET_MS, this.#targetMs + Math.max(20, gapMs / 2));
  }

  /** A message was played to its end without a gap. */
  playedSmoothly(): void {
    this.#targetMs -= (this.#targetMs - SMALLEST_TARGET_MS) * SHRINK;
  }
}
