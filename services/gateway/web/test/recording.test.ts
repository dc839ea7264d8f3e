/** The checks of a recording, and the file that is sent. */

import { describe, expect, test } from "vitest";

import { base64, joined, mixed, RECORDING_RATE, recordingProblem, wavFile } from "../src/audio/recording";
import { whatIsMissing } from "../src/ui/new-clip";
import { firstLanguage, LANGUAGES, readingText } from "../src/ui/reading-texts";

function tone(seconds: number, peak = 0.3, soundS = seconds): Int16Array {
  return Int16Array.from({ length: seconds * RECORDING_RATE }, (_, at) =>
    at < soundS * RECORDING_RATE ? Math.round(peak * 32_767 * Math.sin((2 * Math.PI * 220 * at) / RECORDING_RATE)) : 0,
  );
}

describe("a recording", () => {
  test.each([5, 30])("of %d s is accepted", (seconds) => {
    expect(recordingProblem(tone(seconds))).toBe("");
  });

  test.each([
    ["too short", tone(4), "4.0 s long"],
    ["too long", tone(31), "31 s long"],
    ["empty", new Int16Array(0), "0.0 s long"],
    ["silent", new Int16Array(6 * RECORDING_RATE), "is silent"],
    ["too quiet", tone(6, 0.01), "too quiet"],
    ["too loud", tone(6, 0.7), "too loud"],
    ["distorted", tone(6, 1), "distorted"],
    ["mostly a pause", tone(10, 0.3, 2.5), "Only 2.5 s"],
  ])("that is %s is refused", (_, samples, reason) => {
    expect(recordingProblem(samples)).toContain(reason);
  });
});

describe("the file", () => {
  test("is a WAV of 16-bit PCM, mono, 24 kHz", () => {
    const file = new DataView(wavFile(Int16Array.of(1, -2, 32_767)));
    expect(file.byteLength).toBe(50);
    expect(file.getUint32(4, true)).toBe(42);
    expect([20, 22, 32, 34].map((at) => file.getUint16(at, true))).toEqual([1, 1, 2, 16]);
    expect([24, 28, 40].map((at) => file.getUint32(at, true))).toEqual([24_000, 48_000, 6]);
    expect([44, 46, 48].map((at) => file.getInt16(at, true))).toEqual([1, -2, 32_767]);
  });

  test("is sent in base64, also if it is long", () => {
    const file = wavFile(tone(6));
    // Buffers are compared at once, because `toEqual` takes seconds for so many bytes.
    expect(Buffer.from(base64(file), "base64").equals(Buffer.from(file))).toBe(true);
  });
});

test("channels are mixed to their mean", () => {
  expect([...mixed([Float32Array.of(1, 0.5, -1), Float32Array.of(1, -0.5, -1)])]).toEqual([32_767, 0, -32_768]);
});

test("frames of the microphone are joined", () => {
  expect([...joined([Int16Array.of(1, -2).buffer, Int16Array.of(3).buffer])]).toEqual([1, -2, 3]);
});

test.each([
  [undefined, "", "", false, "Record something, or choose a file."],
  ["too short", "Ada", "It is late.", true, "Make another recording."],
  ["", "Ada", " ", true, "Write what is said in the recording."],
  ["", " ", "It is late.", true, "Give the voice a name."],
  ["", "Ada", "It is late.", false, "Confirm that you may use this voice."],
  ["", "Ada", "It is late.", true, ""],
])("the page says what is missing (%s, %s, %s, %s)", (problem, name, transcript, consent, missing) => {
  expect(whatIsMissing(problem, name, transcript, consent)).toBe(missing);
});

describe("the language", () => {
  test("is the first one of the user's that can be chosen", () => {
    expect(firstLanguage(["sv", "de-AT", "en-US"])).toBe("de");
    expect(firstLanguage(["pt-PT"])).toBe("pt-BR");
    expect(firstLanguage(["sv"])).toBe("en-US");
  });

  test("has a text to read aloud if there is one", () => {
    expect(readingText("en-GB")).toBe(readingText("en-US"));
    expect(readingText("und")).toBe("");
    expect(LANGUAGES.filter((tag) => readingText(tag).length > 100).length).toBeGreaterThan(5);
  });
});
