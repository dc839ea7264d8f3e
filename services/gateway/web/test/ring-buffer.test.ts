import { describe, expect, it } from "vitest";

import { RingBuffer } from "../src/audio/ring-buffer";

const ramp = (from: number, count: number) => Int16Array.from({ length: count }, (_, index) => from + index);
const values = (out: Float32Array, count: number) =>
  Array.from(out.subarray(0, count), (sample) => Math.round(sample * 32_768));

describe("RingBuffer", () => {
  it("returns samples in order across many wraparounds", () => {
    const ring = new RingBuffer(7);
    const out = new Float32Array(5);
    let written = 0;
    let read = 0;
    for (let round = 0; round < 200; round += 1) {
      written += ring.write(ramp(written, (round % 4) + 1));
      const count = ring.read(out, 0, (round % 5) + 1);
      expect(values(out, count)).toEqual(Array.from(ramp(read, count)));
      read += count;
    }
    expect(written - read).toBe(ring.length);
    expect(read).toBeGreaterThan(300);
  });

  it("writes only what fits and returns the count", () => {
    const ring = new RingBuffer(4);
    expect(ring.write(ramp(0, 3))).toBe(3);
    expect(ring.write(ramp(3, 3))).toBe(1);
    expect(ring.room).toBe(0);
  });

  it("reads into a block at an offset, up to the block's end", () => {
    const ring = new RingBuffer(8);
    ring.write(ramp(100, 8));
    const out = new Float32Array(4);
    expect(ring.read(out, 2, 8)).toBe(2);
    expect(values(out, 4)).toEqual([0, 0, 100, 101]);
  });

  it("is empty after clear", () => {
    const ring = new RingBuffer(4);
    ring.write(ramp(0, 4));
    ring.clear();
    expect(ring.length).toBe(0);
    expect(ring.read(new Float32Array(4), 0, 4)).toBe(0);
  });

  it.each([0, -1, 1.5])("refuses a capacity of %s", (capacity) => {
    expect(() => new RingBuffer(capacity)).toThrow(RangeError);
  });
});
