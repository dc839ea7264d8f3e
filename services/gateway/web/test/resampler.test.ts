import { describe, expect, it } from "vitest";

import { Resampler } from "../src/audio/resampler";

const sine = (hz: number, rate: number, count: number) =>
  Float32Array.from({ length: count }, (_, index) => Math.sin((2 * Math.PI * hz * index) / rate));

function run(resampler: Resampler, input: Float32Array, cut: (index: number) => number): Float32Array {
  const out: number[] = [];
  for (let at = 0, piece = 0; at < input.length; piece += 1) {
    const size = cut(piece);
    out.push(...resampler.feed(input.subarray(at, at + size)));
    at += size;
  }
  out.push(...resampler.finish());
  return Float32Array.from(out);
}

const rms = (samples: Float32Array) =>
  Math.sqrt(samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length);

describe("Resampler", () => {
  it.each([
    [48_000, 16_000],
    [44_100, 16_000],
    [24_000, 48_000],
    [24_000, 44_100],
  ])("keeps a tone unchanged from %i to %i Hz", (from, to) => {
    const out = run(new Resampler(from, to), sine(1_000, from, from / 2), () => 128);
    const wanted = sine(1_000, to, out.length);
    const middle = (samples: Float32Array) => samples.subarray(200, Math.floor(to / 2) - 200);
    const error = middle(out).map((sample, index) => sample - (middle(wanted)[index] ?? 0));
    expect(Math.abs(out.length - to / 2)).toBeLessThanOrEqual(2);
    expect(rms(error)).toBeLessThan(1e-3);
  });

  it("removes frequencies that the lower rate cannot represent", () => {
    const out = run(new Resampler(48_000, 16_000), sine(11_000, 48_000, 24_000), () => 128);
    expect(rms(out.subarray(200, 7_800))).toBeLessThan(1e-3);
  });

  it("gives the same output for pieces of any size", () => {
    const input = sine(440, 44_100, 9_001);
    const whole = run(new Resampler(44_100, 16_000), input, () => input.length);
    const pieces = run(new Resampler(44_100, 16_000), input, (piece) => ((piece * 37) % 300) + 1);
    expect(Array.from(pieces)).toEqual(Array.from(whole));
  });

  it("refuses a rate of 0", () => {
    expect(() => new Resampler(0, 16_000)).toThrow(RangeError);
  });
});
