/** Ring buffer of 16-bit samples. Its memory is allocated once, in the constructor. */
export class RingBuffer {
  readonly #samples: Int16Array;
  #read = 0;
  #length = 0;

  /** @param capacity in samples */
  constructor(capacity: number) {
    if (!Number.isInteger(capacity) || capacity < 1) throw new RangeError(`capacity is ${capacity}: give at least 1`);
    this.#samples = new Int16Array(capacity);
  }

  get capacity(): number {
    return this.#samples.length;
  }

  get length(): number {
    return this.#length;
  }

  get room(): number {
    return this.capacity - this.#length;
  }

  /** Append as many samples as fit. Returns how many were appended. */
  write(samples: Int16Array): number {
    const count = Math.min(samples.length, this.room);
    const at = (this.#read + this.#length) % this.capacity;
    const first = Math.min(count, this.capacity - at);
    this.#samples.set(samples.subarray(0, first), at);
    this.#samples.set(samples.subarray(first, count), 0);
    this.#length += count;
    return count;
  }

  /** Move up to `count` samples into `out` at `offset`, scaled to −1…1. Returns how many were moved. */
  read(out: Float32Array, offset: number, count: number): number {
    const taken = Math.min(count, this.#length, out.length - offset);
    for (let index = 0; index < taken; index += 1) {
      out[offset + index] = (this.#samples[this.#read] ?? 0) / 32_768;
      this.#read += 1;
      if (this.#read === this.capacity) this.#read = 0;
    }
    this.#length -= taken;
    return taken;
  }

  clear(): void {
    this.#read = 0;
    this.#length = 0;
  }
}
