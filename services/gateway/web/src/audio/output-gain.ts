/**
 * Applies volume and ducking to the output, and measures the output's level. Needs no clock, because it counts samples.
 */

const GAIN_SETTLES_MS = 15;
/** Gain while ducked, −14 dB: the reply is still audible, but quiet enough that the user can be heard. */
const DUCKED = 0.2;

export class OutputGain {
  readonly #share: number;
  #volume = 1;
  #ducked = false;
  #gain = 1;
  #energy = 0;
  #samples = 0;

  /** @param rate samples per second */
  constructor(rate: number) {
    this.#share = 1 - Math.exp(-1 / Math.round((GAIN_SETTLES_MS / 1_000) * rate));
  }

  duck(on: boolean): void {
    this.#ducked = on;
  }

  /** @param volume 0…1 */
  setVolume(volume: number): void {
    this.#volume = Math.min(1, Math.max(0, volume));
  }

  /** Scale a block. The gain approaches its target smoothly. */
  apply(out: Float32Array): void {
    const target = this.#volume * (this.#ducked ? DUCKED : 1);
    for (let index = 0; index < out.length; index += 1) {
      this.#gain += (target - this.#gain) * this.#share;
      const sample = (out[index] ?? 0) * this.#gain;
      out[index] = sample;
      this.#energy += sample * sample;
    }
    this.#samples += out.length;
  }

  /** Root mean square of the samples since the last `restartLevel`. */
  get level(): number {
    return Math.sqrt(this.#energy / Math.max(1, this.#samples));
  }

  restartLevel(): void {
    this.#energy = 0;
    this.#samples = 0;
  }
}
