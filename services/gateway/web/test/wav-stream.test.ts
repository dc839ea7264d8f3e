import { describe, expect, it } from "vitest";

import { WavStream } from "../src/audio/wav-stream";

const SAMPLES = [0, 1, -1, 16_384, -32_768, 32_767];

function file(): Uint8Array {
  const bytes = new Uint8Array(44 + 2 * SAMPLES.length).fill(255, 0, 44);
  const view = new DataView(bytes.buffer);
  for (const [at, sample] of SAMPLES.entries()) view.setInt16(44 + 2 * at, sample, true);
  return bytes;
}

describe("WAV that arrives in pieces", () => {
  it.each([1, 2, 3, 7, 43, 45, 100])("has every sample once, in pieces of %d bytes", (size) => {
    const wav = new WavStream();
    const bytes = file();
    const heard: number[] = [];
    for (let at = 0; at < bytes.length; at += size) heard.push(...wav.feed(bytes.subarray(at, at + size)));
    expect(heard).toEqual(SAMPLES.map((sample) => sample / 32_768));
  });
});
