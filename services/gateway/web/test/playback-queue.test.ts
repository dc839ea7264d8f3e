import { describe, expect, it } from "vitest";

import { BACKLOG_MAX_SAMPLES, PlaybackQueue } from "../src/audio/playback-queue";
import type { ToWorklet } from "../src/audio/playback-port";
import type { Report } from "../src/audio/playback-report";
import type { FromWorklet } from "../src/audio/playback-port";
import { Receipts, reportAt } from "../src/audio/receipts";
import type { AudioFrame } from "../src/wire/audio-frame";

const frame = (chunk: number, length = 1_000): AudioFrame => ({
  messageId: "a",
  characterId: "c",
  sentence: 0,
  chunk,
  id: `1-${chunk + 1}`,
  samples: new Int16Array(length),
});

describe("PlaybackQueue", () => {
  it("sends the worklet no more than its capacity and loses no frame", () => {
    const posted: ToWorklet[] = [];
    const queue = new PlaybackQueue(3_000, (command) => posted.push(command));
    for (let chunk = 0; chunk < 10; chunk += 1) queue.push(frame(chunk));
    queue.end("a");
    expect(posted).toHaveLength(3);
    queue.consumed(1_500);
    expect(posted).toHaveLength(4);
    for (let consumed = 2_000; consumed <= 10_000; consumed += 1_000) queue.consumed(consumed);
    expect(posted.map((command) => (command.do === "push" ? command.chunk : command.do))).toEqual([
      0,
      1,
      2,
      3,
      4,
      5,
      6,
      7,
      8,
      9,
      "end",
    ]);
  });

  it("drops the waiting frames when it is cleared", () => {
    const posted: ToWorklet[] = [];
    const queue = new PlaybackQueue(1_000, (command) => posted.push(command));
    queue.push(frame(0));
    queue.push(frame(1));
    queue.clear();
    queue.consumed(1_000);
    expect(posted).toHaveLength(1);
  });

  it("refuses frames when it is full", () => {
    const queue = new PlaybackQueue(0, () => undefined);
    expect(queue.push(frame(0, BACKLOG_MAX_SAMPLES))).toBe(true);
    expect(queue.push(frame(1))).toBe(false);
  });
});

const report = (playedMs: number, over: Partial<Report> = {}): Report => ({
  cause: "tick",
  messageId: "a",
  sentence: 0,
  doneSentence: 0,
  doneChunk: Math.floor(playedMs / 100) - 1,
  nextSamples: (playedMs % 100) * 24,
  readySamples: 0,
  playedMs,
  level: 0,
  consumed: 0,
  tally: { samples: 0, checksum: 0, gapMs: 0, gaps: 0 },
  ...over,
});

describe("Receipts", () => {
  it("are sent five times a second", () => {
    const receipts = new Receipts();
    const sent: number[] = [];
    for (let ms = 0; ms <= 1_000; ms += 50) {
      const receipt = receipts.after(report(ms));
      if (receipt) sent.push(receipt.played_ms);
    }
    expect(sent).toEqual([100, 300, 500, 700, 900]);
  });

  it("are not sent before the first chunk was played to its end", () => {
    expect(new Receipts().after(report(60, { cause: "flushed", doneSentence: -1, doneChunk: -1 }))).toBeNull();
  });

  it.each(["sentence", "ended", "flushed"] as const)("are sent at once after the report %s", (cause) => {
    const receipts = new Receipts();
    receipts.after(report(100));
    expect(receipts.after(report(150))).toBeNull();
    expect(receipts.after(report(160, { cause }))).toEqual({
      message_id: "a",
      sentence_index: 0,
      chunk_index: 0,
      played_ms: 160,
      next_samples: 60 * 24,
      gaps: 0,
      gap_ms: 0,
    });
  });

  it("name the place at a moment after the last report, by the sound in the buffer", () => {
    const last: FromWorklet = { ...report(160), nextSamples: 1_440, readySamples: 2_400, token: 0, atMs: 5_000 };
    expect(reportAt(last, 5_010)).toMatchObject({ playedMs: 170, nextSamples: 1_440 + 240, readySamples: 2_160 });
    expect(reportAt(last, 4_999)).toMatchObject({ playedMs: 160, nextSamples: 1_440 });
    expect(reportAt(last, 9_000)).toMatchObject({ playedMs: 260, nextSamples: 1_440 + 2_400, readySamples: 0 });
    const receipts = new Receipts();
    receipts.after(last);
    expect(receipts.after(reportAt(last, 5_010))).toMatchObject({ chunk_index: 0, next_samples: 1_680 });
  });

  it("say how many gaps the message had, up to the largest number that the server accepts", () => {
    const tally = { samples: 0, checksum: 0, gapMs: 350.4, gaps: 2 };
    const receipts = new Receipts();
    expect(receipts.after(report(100, { tally }))).toMatchObject({ gaps: 2, gap_ms: 350 });
    expect(receipts.after(report(900, { tally: { ...tally, gaps: 5_000 } }))).toMatchObject({ gaps: 1_000 });
  });

  it("say once that nothing was played, if there was no receipt for the message", () => {
    const receipts = new Receipts();
    const nothing = { sentence_index: 0, chunk_index: 0, played_ms: 0, next_samples: 0, gaps: 0, gap_ms: 0 };
    expect(receipts.notPlayed("b")).toEqual({ message_id: "b", ...nothing });
    expect(receipts.notPlayed("b")).toBeNull();
    receipts.after(report(100));
    expect(receipts.notPlayed("a")).toBeNull();
  });

  it("begin again with each message", () => {
    const receipts = new Receipts();
    receipts.after(report(900));
    expect(receipts.after(report(100, { messageId: "b" }))?.message_id).toBe("b");
  });

  it("are not sent for a flush when nothing was playing", () => {
    expect(new Receipts().after(report(0, { messageId: "", cause: "flushed" }))).toBeNull();
  });
});
