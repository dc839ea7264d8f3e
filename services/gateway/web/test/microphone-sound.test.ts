import { describe, expect, it } from "vitest";

import { MOST_FRAMES, PcmBacklog } from "../src/audio/pcm-backlog";
import { type SoundBlock, type SoundState, soundBlock } from "../src/audio/sound-block";

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
  const waiting: SoundState = { hasSound: true, context: "suspended", hasRun: false, clickFailed: false };

  it.each<[string, Partial<SoundState>, SoundBlock]>([
    ["there is no sound to play", { hasSound: false }, ""],
    ["the context runs", { context: "running", hasRun: true }, ""],
    ["the context has never run", {}, "policy"],
    ["the context did not start after a click", { clickFailed: true }, "no_output"],
    ["the context has stopped", { hasRun: true }, "interrupted"],
    ["the context has stopped, and a click did not help", { hasRun: true, clickFailed: true }, "interrupted"],
    ["a call has the sound", { context: "interrupted" }, "interrupted"],
  ])("is named when %s", (_, change, expected) => {
    expect(soundBlock({ ...waiting, ...change })).toBe(expected);
  });
});
