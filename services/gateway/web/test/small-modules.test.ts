import { when } from "../src/ui/when";
import { describe, expect, it } from "vitest";

import { PcmFramer } from "../src/audio/pcm-framer";
import { keyLines } from "../src/inside/stream-keys";
import { Stopwatch, withFirstSound, withMetrics } from "../src/inside/traces";
import { waterfallOf } from "../src/inside/waterfall";
import { readProblem } from "../src/rest/problem";
import { readPreferences, tokenIn } from "../src/talk/preferences";
import { WINDOW, earlier, keep, latest } from "../src/ui/windowing";

describe("PcmFramer", () => {
  it("converts blocks of any size to clipped little-endian frames of a fixed size", () => {
    const frames: number[][] = [];
    const framer = new PcmFramer(4);
    for (const block of [
      [0, 0.5, 2],
      [-2, 1],
      [0, 0, 0, 0.25],
    ]) {
      framer.feed(Float32Array.from(block), ({ pcm }) => {
        const view = new DataView(pcm);
        frames.push([0, 2, 4, 6].map((at) => view.getInt16(at, true)));
      });
    }
    expect(frames).toEqual([
      [0, 16_384, 32_767, -32_768],
      [32_767, 0, 0, 0],
    ]);
  });

  it("reports the level of each frame", () => {
    const levels: number[] = [];
    new PcmFramer(2).feed(Float32Array.from([0.5, -0.5, 0, 0]), ({ level }) => levels.push(level));
    expect(levels).toEqual([0.5, 0]);
  });
});

describe("the waterfall", () => {
  const message = {
    message_id: "m",
    character_id: "luna",
    character_name: "Luna",
    message_started: 20,
    first_chunk: 300,
    first_sentence: 420,
    first_audio: 450,
    first_frame: 455,
    text_complete: 900,
    audio_complete: 1_500,
  };

  it("runs from the end of speech to the last sound", () => {
    const { fromMs, toMs, firstSoundMs, rows } = waterfallOf({
      speech_end: -310,
      transcript: -5,
      turn_started: 4,
      messages: [message],
    });
    expect({ fromMs, toMs, firstSoundMs }).toEqual({ fromMs: -310, toMs: 1_500, firstSoundMs: 765 });
    expect(rows.map((row) => row.name)).toEqual(["", "Luna"]);
    expect(rows[0]?.bars[0]).toMatchObject({ kind: "hear", fromMs: -310, toMs: -5 });
    expect(rows[1]?.bars.map((bar) => bar.kind)).toEqual(["think", "write", "voice", "send", "write", "sound"]);
    expect(rows[1]?.bars[0]).toMatchObject({ fromMs: 4, toMs: 300 });
  });

  it("starts the next reply's bar at the end of the previous reply's text", () => {
    const next = { ...message, first_chunk: 1_100 };
    expect(waterfallOf({ messages: [message, next] }).rows[1]?.bars[0]).toMatchObject({
      kind: "think",
      fromMs: 900,
      toMs: 1_100,
    });
  });

  it("leaves out bars without times", () => {
    const { rows, firstSoundMs } = waterfallOf({
      turn_started: 4,
      messages: [{ ...message, first_audio: null, first_frame: null, audio_complete: null }],
    });
    expect(rows[1]?.bars.map((bar) => bar.kind)).toEqual(["think", "write", "write"]);
    expect(firstSoundMs).toBeNull();
  });

  it("ignores malformed metrics", () => {
    expect(waterfallOf({ messages: ["?", { message_started: "soon" }] })).toMatchObject({
      rows: [],
      fromMs: 0,
      firstSoundMs: null,
    });
  });
});

describe("traces", () => {
  it("contain each of the newest turns once", () => {
    let traces = withMetrics([], [], "t0", {}, null);
    for (let index = 0; index < 30; index += 1) traces = withMetrics(traces, [], `t${index % 25}`, {}, index);
    expect(traces).toHaveLength(20);
    expect(traces[0]).toMatchObject({ turnId: "t4", heardAfterMs: 29 });
  });

  it("add a first sound that arrives after the turn's metrics", () => {
    const traces = withMetrics(withMetrics([], [], "t", {}, null), [], "u", {}, 80);
    expect(withFirstSound(traces, { turnId: "t", afterMs: 400 })).toMatchObject([
      { turnId: "u", heardAfterMs: 80 },
      { turnId: "t", heardAfterMs: 400 },
    ]);
    expect(withFirstSound(traces, { turnId: "another", afterMs: 400 })).toEqual(traces);
  });

  it("contain the time from the user's last word to the turn's first sound", () => {
    const watch = new Stopwatch();
    watch.userDone(1_000);
    watch.turn("t");
    expect(watch.firstSound(1_400)).toEqual({ turnId: "t", afterMs: 400 });
    expect(watch.firstSound(1_900)).toBeNull();
    expect(watch.heardAfterMs("t")).toBe(400);
    expect(watch.heardAfterMs("u")).toBeNull();
  });
});

describe("the stream keys", () => {
  it("are the Redis keys of the conversation", () => {
    const commands = keyLines("tertulia", "abc", "m").map((line) => line.command);
    expect(commands).toContain("XRANGE tertulia:{abc}:events - +");
    expect(commands).toContain("XRANGE tertulia:{abc}:m:sentences - +");
    expect(keyLines("tertulia", "", "")).toEqual([]);
  });
});

describe("problems of the REST API", () => {
  it("name the field that is wrong", () => {
    const failure = readProblem(422, {
      type: "about:blank",
      title: "Unprocessable",
      status: 422,
      detail: "name: too long",
      errors: [{ field: "name", message: "too long" }],
    });
    expect(failure.message).toBe("name: too long");
    expect(failure.about("name")).toBe("too long");
    expect(failure.about("voice")).toBe("");
  });

  it.each([404, 403, 500, 418])("have a text for a response %i without problem details", (status) => {
    expect(readProblem(status, "<html>").message).toMatch(/\.$/u);
  });
});

describe("preferences", () => {
  it.each([null, "{", '{"volume":7,"mode":"shout","language":"fr"}'])("fall back to the defaults if %s was stored", (stored) => {
    expect(readPreferences(stored)).toEqual({
      volume: 0.9,
      muted: false,
      mode: "hands_free",
      microphone: "",
      loudspeaker: "",
      typingInterrupts: false,
      language: "",
      theme: "system",
      userName: "",
      cast: null,
      persona: null,
      userNameAsked: false,
    });
  });

  it("are equal after saving and loading", () => {
    const preferences = {
      volume: 0.3,
      muted: true,
      mode: "push_to_talk",
      microphone: "m",
      loudspeaker: "l",
      typingInterrupts: true,
      language: "de",
      theme: "dark",
      userName: "Ana",
      cast: ["rex"],
      persona: { id: "p", name: "Ana" },
      userNameAsked: true,
    } as const;
    expect(readPreferences(JSON.stringify(preferences))).toEqual(preferences);
  });
});

describe("the token in the URL", () => {
  it.each([
    ["https://a/?token=x%2Fy&probe=1", "x/y", "tab", "https://a/?probe=1"],
    ["https://a/?probe=1#token=x%2Fy", "x/y", "device", "https://a/?probe=1"],
    ["https://a/#token=%", "%", "device", "https://a/"],
    ["https://a/?token=query#token=fragment", "fragment", "device", "https://a/"],
    ["https://a/#/conversation", null, "tab", "https://a/#/conversation"],
  ])("of %s is %s, is kept for the %s, and leaves %s", (given, token, place, rest) => {
    const found = tokenIn(new URL(given));
    expect(found.token).toBe(token);
    expect(found.place).toBe(place);
    expect(found.rest.href).toBe(rest);
  });
});

describe("the window over a long conversation", () => {
  it("shows the newest messages, and more after scrolling up", () => {
    expect(latest(1_000)).toBe(1_000 - WINDOW);
    expect(earlier(latest(1_000))).toBe(1_000 - 2 * WINDOW);
    expect(earlier(10)).toBe(0);
    expect(keep(880, 1_005, false)).toBe(880);
    expect(keep(880, 1_005, true)).toBe(1_005 - WINDOW);
    expect(keep(0, 10, true)).toBe(0);
  });
});

describe("the time of a conversation", () => {
  const NOW = new Date(2026, 2, 2, 0, 30);

  it.each([
    [new Date(2026, 2, 2, 0, 5), "today, 12:05 AM"],
    [new Date(2026, 2, 1, 23, 59), "yesterday, 11:59 PM"],
    [new Date(2026, 1, 28, 12, 0), "Feb 28, 2026, 12:00 PM"],
  ])("%s is %s", (date, words) => {
    expect(when(date.toISOString(), NOW, "en-US").replaceAll("\u202f", " ")).toBe(words);
  });

  it("is empty if the server sends none", () => {
    expect(when("", NOW)).toBe("");
  });
});
