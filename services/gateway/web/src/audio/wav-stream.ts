/** Takes the samples out of a WAV that arrives in pieces: 16-bit mono with a header of 44 bytes. Pure. */

const HEADER_BYTES = 44;

export class WavStream {
  #skip = HEADER_BYTES;
  /** The first half of a sample whose second half has not arrived. */
  #half: number | null = null;

  /** Returns the samples that are complete, −1…1. */
  feed(piece: Uint8Array): Float32Array<ArrayBuffer> {
    const skipped = Math.min(this.#skip, piece.length);
    this.#skip -= skipped;
    const rest = piece.subarray(skipped);
    const bytes = new Uint8Array(rest.length + (this.#half === null ? 0 : 1));
    if (this.#half !== null) bytes[0] = this.#half;
    bytes.set(rest, bytes.length - rest.length);
    this.#half = bytes.length % 2 ? (bytes.at(-1) ?? null) : null;
    const view = new DataView(bytes.buffer);
    const samples = new Float32Array(Math.floor(bytes.length / 2));
    for (let at = 0; at < samples.length; at += 1) samples[at] = view.getInt16(2 * at, true) / 32_768;
    return samples;
  }
}
