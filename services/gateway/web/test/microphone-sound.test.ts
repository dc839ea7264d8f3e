import { describe, expect, it } from "vitest";

import { MOST_FRAMES, PcmBacklog } from "../src/audio/pcm-backlog";
import { soundBlock } from "../src/audio/sound-block";

const frame = (byte: number) => new Uint8Array([byte]).buffer;
const bytes = (frames: readonly ArrayBuffer[]) => frames.map((pcm) => new Uint8Array(pcm)[0]);

describe("the PCM backlog", () => {
  it("returns the frames in order, once", () => {
    const backlog = new PcmBacklog();
    for (const byte of [1, 2, 3]) backlog.add(frame(byte));
    expect(bytes(backlog.take())).toEqual([1, 2, 3]);
    expect(backlog.take()).toEqual([]);
  });

  it("keeps only the newest frames", () => {
    const backlog = new PcmBacklog();
    for (let byte = 0; byte < MOST_FRAMES + 5; byte += 1) backlog.add(frame(byte));
    const kept = bytes(backlog.take());
    expect([kept.length, kept[0]]).toEqual([MOST_FRAMES, 5]);
  });
});

describe("blocked sound", () => {
  it.each([
    ["there is no sound to play", soundBlock(false, "suspended", false), ""],
    ["the context runs", soundBlock(true, "running", true), ""],
    ["the context has never run", soundBlock(true, "suspended", false), "policy"],
    ["the context has stopped", soundBlock(true, "suspended", true), "interrupted"],
    ["a call has the sound", soundBlock(true, "interrupted", false), "interrupted"],
  ])("is named when %s", (_, block, expected) => {
    expect(block).toBe(expected);
  });
});
