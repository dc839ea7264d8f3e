/**
 * Sample rate converter for a stream of pieces: windowed-sinc interpolation with a Kaiser window.
 *
 * Needed only if a browser does not give an AudioContext the requested rate. The output does not depend on the sizes of
 * the pieces. (J. O. Smith, "Digital Audio Resampling", https://ccrma.stanford.edu/~jos/resample/.)
 */

/** Zero crossings of the sinc on each side, at the lower of the two rates. */
const ZERO_CROSSINGS = 16;
/** Kaiser's beta: about 80 dB of stop band. */
const BETA = 8;
/** Table entries per zero crossing. Linear interpolation between two entries is accurate to about 1e-5. */
const TABLE_STEPS = 512;

const TABLE = buildTable();

export class Resampler {
  readonly #scale: number;
  readonly #reach: number;
  /** The input that is still needed. It begins `#reach` samples before the current position. */
  #input: Float32Array;
  #filled: number;
  /** Index in the stream of the first sample of `#input`. */
  #base: number;
  /**
   * The number of output samples so far. The next position is computed from this number, so that rounding errors do not
   * add up.
   */
  #count = 0;

  /** @param from @param to rates in Hz */
  constructor(
    private readonly from: number,
    private readonly to: number,
  ) {
    if (!(from > 0 && to > 0)) throw new RangeError(`cannot resample from ${from} to ${to} Hz`);
    this.#scale = Math.min(1, to / from);
    this.#reach = Math.ceil(ZERO_CROSSINGS / this.#scale);
    this.#input = new Float32Array(this.#reach * 4 + 4_096);
    this.#filled = this.#reach;
    this.#base = -this.#reach;
  }

  /** Add a piece of input. Returns the output that can be computed now; about `reach` input samples stay buffered. */
  feed(samples: Float32Array): Float32Array {
    this.#append(samples);
    const certainTo = this.#base + this.#filled - this.#reach;
    const out: number[] = [];
    let position = this.#position();
    while (position < certainTo) {
      out.push(this.#at(position));
      this.#count += 1;
      position = this.#position();
    }
    this.#forget(Math.floor(position) - this.#reach - this.#base);
    return Float32Array.from(out);
  }

  /** End the stream. Returns the rest of the output. */
  finish(): Float32Array {
    return this.feed(new Float32Array(this.#reach));
  }

  /** The position of the next output sample, counted in input samples from the start of the stream. */
  #position(): number {
    return (this.#count * this.from) / this.to;
  }

  #at(position: number): number {
    const whole = Math.floor(position);
    const between = position - whole;
    const centre = whole - this.#base;
    let sum = 0;
    for (let offset = 1 - this.#reach; offset <= this.#reach; offset += 1) {
      sum += (this.#input[centre + offset] ?? 0) * kernel((offset - between) * this.#scale);
    }
    return sum * this.#scale;
  }

  #append(samples: Float32Array): void {
    const needed = this.#filled + samples.length;
    if (needed > this.#input.length) {
      const larger = new Float32Array(needed * 2);
      larger.set(this.#input.subarray(0, this.#filled));
      this.#input = larger;
    }
    this.#input.set(samples, this.#filled);
    this.#filled += samples.length;
  }

  #forget(used: number): void {
    if (used <= 0) return;
    this.#input.copyWithin(0, used, this.#filled);
    this.#filled -= used;
    this.#base += used;
  }
}

function kernel(x: number): number {
  const at = Math.abs(x) * TABLE_STEPS;
  const index = Math.floor(at);
  const here = TABLE[index] ?? 0;
  return here + ((TABLE[index + 1] ?? 0) - here) * (at - index);
}

function buildTable(): Float64Array {
  const table = new Float64Array(ZERO_CROSSINGS * TABLE_STEPS + 2);
  const norm = bessel(BETA);
  for (let index = 0; index <= ZERO_CROSSINGS * TABLE_STEPS; index += 1) {
    const x = index / TABLE_STEPS;
    const sinc = index === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
    const edge = x / ZERO_CROSSINGS;
    table[index] = (sinc * bessel(BETA * Math.sqrt(Math.max(0, 1 - edge * edge)))) / norm;
  }
  return table;
}

/** The modified Bessel function of the first kind, order zero. */
function bessel(x: number): number {
  let term = 1;
  let sum = 1;
  for (let k = 1; term > sum * 1e-12; k += 1) {
    term *= (x / (2 * k)) ** 2;
    sum += term;
  }
  return sum;
}
