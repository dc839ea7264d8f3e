import { describe, expect, it } from "vitest";

import { SMALLEST_TARGET_MS } from "../src/audio/jitter";
import { BEAT_MS, Playout } from "../src/audio/playout";
import type { Report } from "../src/audio/playback-report";

const RATE = 24_000;
const BLOCK = 128;
const CHUNK = 2_400; // 100 ms
const MS = RATE / 1_000;

class Speaker {
  readonly reports: Report[] = [];
  readonly heard: number[] = [];
  readonly playout = new Playout(RATE, RATE * 4, (report) => this.reports.push(report), true);

  say(messageId: string, sentence: number, chunk: number, level = 8_000, length = CHUNK): void {
    this.playout.push({ messageId, sentence, chunk, samples: new Int16Array(length).fill(level) });
  }

  listen(ms: number): Float32Array {
    const from = this.heard.length;
    for (let blocks = Math.ceil((ms * MS) / BLOCK); blocks > 0; blocks -= 1) {
      const out = new Float32Array(BLOCK);
      this.playout.render(out);
      this.heard.push(...out);
    }
    return Float32Array.from(this.heard.slice(from));
  }

  of(cause: Report["cause"]): Report[] {
    return this.reports.filter((report) => report.cause === cause);
  }
}

describe("Playout", () => {
  it("joins chunks and sentences without one silent sample, and messages with a beat", () => {
    const speaker = new Speaker();
    speaker.say("a", 0, 0);
    speaker.say("a", 0, 1);
    speaker.say("a", 1, 0);
    speaker.playout.end("a");
    speaker.say("b", 0, 0);
    speaker.playout.end("b");
    const out = speaker.listen(450 + BEAT_MS);
    const loud = Array.from(out, (sample) => Math.abs(sample) > 0.1);
    expect(loud.slice(64, 3 * CHUNK).every(Boolean)).toBe(true);
    const beat = loud.indexOf(true, loud.indexOf(false, 64)) - loud.indexOf(false, 64);
    expect(beat / MS).toBeGreaterThan(BEAT_MS - 10);
    expect(beat / MS).toBeLessThan(BEAT_MS + 10);
    expect(speaker.of("ended").map(({ messageId, tally }) => [messageId, tally.samples, tally.gaps])).toEqual([
      ["a", 3 * CHUNK, 0],
      ["b", CHUNK, 0],
    ]);
  });

  it("begins the next message without a beat if it has been silent for long enough", () => {
    const speaker = new Speaker();
    speaker.say("a", 0, 0);
    speaker.playout.end("a");
    speaker.listen(200 + BEAT_MS);
    speaker.say("b", 0, 0);
    speaker.playout.end("b");
    speaker.listen(20);
    expect(speaker.of("started").map(({ messageId }) => messageId)).toEqual(["a", "b"]);
  });

  it("plays exactly the samples it was given", () => {
    const speaker = new Speaker();
    const samples = Int16Array.from({ length: 5_000 }, (_, index) => ((index * 7_919) % 65_536) - 32_768);
    speaker.playout.push({ messageId: "a", sentence: 0, chunk: 0, samples });
    speaker.playout.end("a");
    speaker.listen(300);
    let checksum = 0x811c9dc5;
    for (const sample of samples) checksum = Math.imul(checksum ^ (sample & 0xffff), 0x01000193) >>> 0;
    expect(speaker.of("ended")[0]?.tally).toMatchObject({ samples: 5_000, checksum });
  });

  it("starts when the target depth is buffered, or after the target time", () => {
    const speaker = new Speaker();
    speaker.say("a", 0, 0, 8_000, 10 * MS);
    speaker.listen(SMALLEST_TARGET_MS / 2);
    expect(speaker.of("started")).toHaveLength(0);
    speaker.listen(SMALLEST_TARGET_MS);
    expect(speaker.of("started")).toHaveLength(1);
  });

  it("counts silence inside a message as a gap and raises the target depth", () => {
    const speaker = new Speaker();
    speaker.say("a", 0, 0);
    speaker.listen(200);
    speaker.say("a", 0, 1, 8_000, CHUNK * 2);
    speaker.playout.end("a");
    speaker.listen(300);
    const [ended] = speaker.of("ended");
    expect(ended?.tally.gaps).toBe(1);
    expect(ended?.tally.gapMs).toBeGreaterThan(90);
    expect(ended?.tally.gapMs).toBeLessThan(110);
    speaker.say("b", 0, 0, 8_000, SMALLEST_TARGET_MS * MS);
    speaker.listen(SMALLEST_TARGET_MS / 2);
    expect(speaker.of("started").map(({ messageId }) => messageId)).toEqual(["a"]);
  });

  it("does not count the silence after a message as a gap", () => {
    const speaker = new Speaker();
    speaker.say("a", 0, 0);
    speaker.listen(300);
    speaker.playout.end("a");
    speaker.listen(50);
    expect(speaker.of("ended")[0]?.tally).toMatchObject({ samples: CHUNK, gaps: 0, gapMs: 0 });
  });

  it("is silent within two blocks after a flush, and reports the position", () => {
    const speaker = new Speaker();
    for (let chunk = 0; chunk < 10; chunk += 1) speaker.say("a", 0, chunk);
    speaker.listen(250);
    speaker.playout.flush();
    const after = speaker.listen(100);
    expect(after.subarray(2 * BLOCK).every((sample) => sample === 0)).toBe(true);
    const [flushed] = speaker.of("flushed");
    expect(flushed).toMatchObject({ messageId: "a", doneSentence: 0, doneChunk: 1 });
    expect(flushed?.playedMs).toBeGreaterThanOrEqual(250);
    expect(flushed?.playedMs).toBeLessThanOrEqual(265);
    expect(flushed?.consumed).toBe(10 * CHUNK);
    expect(2 * CHUNK + (flushed?.nextSamples ?? 0)).toBe(flushed?.tally.samples);
  });

  it("reports the samples after the last whole chunk, and those that it plays next without a gap", () => {
    const speaker = new Speaker();
    for (let chunk = 0; chunk < 4; chunk += 1) speaker.say("a", 0, chunk);
    speaker.say("b", 0, 0);
    speaker.listen(260);
    const tick = speaker.of("tick").at(-1);
    const { doneChunk = -1, nextSamples = -1, readySamples = -1, tally } = tick ?? {};
    expect((doneChunk + 1) * CHUNK + nextSamples).toBe(tally?.samples);
    expect(readySamples).toBe(4 * CHUNK - (tally?.samples ?? 0));
    speaker.playout.flush();
    speaker.listen(10);
    expect(speaker.of("flushed").at(-1)?.readySamples).toBe(0);
  });

  it("reports the position once if it is flushed twice before the next block", () => {
    const speaker = new Speaker();
    speaker.say("a", 0, 0, 8_000, RATE);
    speaker.listen(150);
    speaker.playout.flush();
    speaker.playout.flush();
    speaker.listen(50);
    expect(speaker.of("flushed").map(({ messageId, consumed }) => [messageId, consumed])).toEqual([["a", RATE]]);
  });

  it("plays only chunks that were pushed after the last flush", () => {
    const speaker = new Speaker();
    speaker.say("a", 0, 0, 16_000, CHUNK * 5);
    speaker.listen(100);
    speaker.playout.flush();
    speaker.say("b", 0, 0, -4_000);
    speaker.playout.end("b");
    const out = speaker.listen(200).subarray(2 * BLOCK);
    expect(Math.max(...out)).toBeLessThanOrEqual(0);
    expect(speaker.of("ended").map(({ messageId, tally }) => [messageId, tally.samples])).toEqual([["b", CHUNK]]);
  });

  it("lowers the volume while ducked, and restores it afterwards", () => {
    const speaker = new Speaker();
    speaker.say("a", 0, 0, 16_000, RATE);
    speaker.listen(200);
    speaker.playout.duck(true);
    const ducked = speaker.listen(200).slice(-BLOCK);
    speaker.playout.duck(false);
    const back = speaker.listen(200).slice(-BLOCK);
    expect(Math.max(...ducked)).toBeLessThan(0.15);
    expect(Math.min(...ducked)).toBeGreaterThan(0);
    expect(Math.min(...back)).toBeGreaterThan(0.45);
    expect(speaker.of("flushed")).toHaveLength(0);
  });

  it("reports the position of each sentence", () => {
    const speaker = new Speaker();
    speaker.say("a", 0, 0);
    speaker.say("a", 0, 1);
    speaker.say("a", 1, 0);
    speaker.playout.end("a");
    speaker.listen(400);
    expect(speaker.of("sentence")).toMatchObject([{ sentence: 1, doneSentence: 0, doneChunk: 1, playedMs: 200 }]);
    expect(speaker.of("ended")).toMatchObject([{ doneSentence: 1, doneChunk: 0, playedMs: 300 }]);
  });

  it("drops samples that exceed the capacity", () => {
    const speaker = new Speaker();
    speaker.say("a", 0, 0, 1, RATE * 5);
    speaker.playout.end("a");
    speaker.listen(5_000);
    expect(speaker.of("ended")[0]?.tally.samples).toBe(RATE * 4);
  });
});
