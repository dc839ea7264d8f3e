/** Converts blocks of float samples, which may have any size, to 16-bit PCM frames of a fixed size. */

export interface PcmFrame {
  readonly pcm: ArrayBuffer;
  /** Root mean square of the samples, 0…1. */
  readonly level: number;
}

export class PcmFramer {
  #view: DataView;
  #filled = 0;
  #energy = 0;

  /** @param frameSamples samples in each frame */
  constructor(private readonly frameSamples: number) {
    this.#view = new DataView(new ArrayBuffer(frameSamples * 2));
  }

  /** @param emit called with each complete frame; it may keep the frame's buffer, which is not used again */
  feed(samples: Float32Array, emit: (frame: PcmFrame) => void): void {
    for (const sample of samples) {
      const clipped = Math.max(-1, Math.min(1, sample));
      this.#view.setInt16(this.#filled * 2, Math.round(clipped < 0 ? clipped * 32_768 : clipped * 32_767), true);
      this.#energy += clipped * clipped;
      this.#filled += 1;
      if (this.#filled < this.frameSamples) continue;
      emit({ pcm: this.#view.buffer as ArrayBuffer, level: Math.sqrt(this.#energy / this.frameSamples) });
      this.#view = new DataView(new ArrayBuffer(this.frameSamples * 2));
      this.#filled = 0;
      this.#energy = 0;
    }
  }
}
