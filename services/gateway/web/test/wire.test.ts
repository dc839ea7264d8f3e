import { encode } from "@msgpack/msgpack";
import { describe, expect, it } from "vitest";

import { type AudioFrame, parseAudioFrame } from "../src/wire/audio-frame";
import { UnreadableFrame, parseEvent } from "../src/wire/events";
import { AudioOrder } from "../src/wire/order";
import { compareIds } from "../src/wire/stream-id";

describe("parseEvent", () => {
  it("reads an event and its id", () => {
    const frame = { type: "llm_chunk", text: "Hi", character_id: "c", message_id: "m", event_id: "17-0", epoch: 3 };
    const expected = {
      type: "llm_chunk",
      text: "Hi",
      character_id: "c",
      message_id: "m",
      sentence_ends: [],
      eventId: "17-0",
    };
    expect(parseEvent(JSON.stringify(frame))).toEqual(expected);
  });

  it("ignores types and fields it does not know", () => {
    expect(parseEvent('{"type":"weather","sun":true}')).toBeNull();
    expect(parseEvent('{"type":"turn_complete","turn_id":"t","new":1}')).toEqual({
      type: "turn_complete",
      turn_id: "t",
      eventId: "",
    });
  });

  it("ignores a type that is the name of a property of every object", () => {
    expect(parseEvent('{"type":"constructor"}')).toBeNull();
  });

  it("uses the defaults of optional fields that are missing", () => {
    expect(parseEvent('{"type":"conversation_started","conversation_id":"c"}')).toMatchObject({
      resumed: false,
      demo: false,
    });
    expect(parseEvent('{"type":"model_settings","temperature":0.5}')).toMatchObject({
      temperature: 0.5,
      top_k: null,
      model: null,
    });
  });

  it.each([
    ["no JSON", "{"],
    ["no object", "[]"],
    ["no type", "{}"],
    ["a field is missing", '{"type":"turn_accepted","turn_id":"t"}'],
    ["a field is of another type", '{"type":"turn_complete","turn_id":7}'],
    ["a value is not allowed", '{"type":"turn_accepted","turn_id":"t","text":"x","source":"sung"}'],
    ["an item of a list is wrong", '{"type":"characters","characters":[{"id":"c"}]}'],
  ])("refuses a frame where %s", (_, frame) => {
    expect(() => parseEvent(frame)).toThrow(UnreadableFrame);
  });
});

const AUDIO = {
  type: "audio",
  message_id: "m",
  character_id: "c",
  sentence_index: 0,
  chunk_index: 2,
  id: "1-3",
  sample_rate: 24_000,
};
const binary = (map: unknown) => encode(map).slice().buffer;

describe("parseAudioFrame", () => {
  it("reads samples at any offset in the frame", () => {
    const pcm = new Uint8Array(Int16Array.from([1, -2, 32_767]).buffer);
    expect(parseAudioFrame(binary({ ...AUDIO, pcm }))).toEqual({
      messageId: "m",
      characterId: "c",
      sentence: 0,
      chunk: 2,
      id: "1-3",
      samples: Int16Array.from([1, -2, 32_767]),
    });
  });

  it("ignores frames of other types", () => {
    expect(parseAudioFrame(binary({ type: "video" }))).toBeNull();
  });

  it.each([
    ["half a sample", { ...AUDIO, pcm: new Uint8Array(3) }],
    ["another rate", { ...AUDIO, pcm: new Uint8Array(2), sample_rate: 44_100 }],
    ["no place", { ...AUDIO, pcm: new Uint8Array(2), chunk_index: -1 }],
    ["no id", { ...AUDIO, pcm: new Uint8Array(2), id: 3 }],
    ["no map", 7],
  ])("refuses audio with %s", (_, map) => {
    expect(() => parseAudioFrame(binary(map))).toThrow(UnreadableFrame);
  });

  it("refuses bytes that are not msgpack", () => {
    expect(() => parseAudioFrame(Uint8Array.from([0xc1]).buffer)).toThrow(UnreadableFrame);
  });
});

describe("compareIds", () => {
  it("compares numbers, not text", () => {
    expect(compareIds("9-0", "10-0")).toBeLessThan(0);
    expect(compareIds("1-10", "1-9")).toBeGreaterThan(0);
    expect(compareIds("5-1", "5-1")).toBe(0);
    expect(compareIds("", "0-1")).toBeLessThan(0);
  });
});

const frame = (messageId: string, sentence: number, chunk: number): AudioFrame => ({
  messageId,
  characterId: "c",
  sentence,
  chunk,
  id: `${sentence + 1}-${chunk + 1}`,
  samples: new Int16Array(0),
});

describe("AudioOrder", () => {
  it("plays each chunk once", () => {
    const order = new AudioOrder();
    const frames = [frame("a", 0, 0), frame("a", 0, 1), frame("a", 0, 1), frame("a", 0, 0), frame("a", 1, 0)];
    expect(frames.map((each) => order.decide(each))).toEqual(["play", "play", "repeated", "repeated", "play"]);
  });

  it("drops frames of a message after a frame of the next message", () => {
    const order = new AudioOrder();
    expect([frame("a", 0, 0), frame("b", 0, 0), frame("a", 0, 1)].map((each) => order.decide(each))).toEqual([
      "play",
      "play",
      "out_of_order",
    ]);
  });

  it("drops late frames of interrupted messages, and plays the frames of the next turn", () => {
    const order = new AudioOrder();
    order.decide(frame("a", 0, 0));
    order.cutOff(["b"]);
    expect([frame("a", 0, 1), frame("b", 0, 0), frame("c", 0, 0)].map((each) => order.decide(each))).toEqual([
      "cut_off",
      "cut_off",
      "play",
    ]);
  });

  it("plays a message from the middle after a resume", () => {
    const order = new AudioOrder();
    expect(order.decide(frame("a", 2, 7))).toBe("play");
  });
});
