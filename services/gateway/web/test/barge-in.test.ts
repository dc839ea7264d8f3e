import { describe, expect, it } from "vitest";

import {
  type BargeIn,
  NOT_DUCKED,
  LONGEST_DUCK_MS,
  type BargeInCommand,
  onServerEvent,
  onTimePassed,
} from "../src/audio/barge-in";
import { parseEvent, type ServerEvent } from "../src/wire/events";

function orders(types: readonly string[], speaking = true): BargeInCommand[] {
  let state: BargeIn = NOT_DUCKED;
  return types.map((name) => {
    const [type, fields] =
      name === "transcript"
        ? ["transcription_finished", { text: "so", turn_id: "t" }]
        : name === "false_alarm"
          ? ["transcription_finished", { text: "" }]
          : [name, {}];
    const [next, order] = onServerEvent(
      state,
      parseEvent(JSON.stringify({ type, ...(fields as object) })) as ServerEvent,
      speaking,
      0,
    );
    state = next;
    return order;
  });
}

describe("barge-in", () => {
  it("ducks the reply at the user's first sound, and flushes playback if the sound becomes words", () => {
    expect(orders(["vad_start", "recording_start", "vad_stop", "recording_stop", "transcript", "interrupted"])).toEqual(
      ["duck", null, null, null, null, "flush"],
    );
  });

  it("unducks after a false alarm", () => {
    expect(orders(["vad_start", "recording_start", "vad_stop", "recording_stop", "false_alarm"])).toEqual([
      "duck",
      null,
      null,
      null,
      "unduck",
    ]);
  });

  it("unducks when a sound ends before a recording begins", () => {
    expect(orders(["vad_start", "vad_stop"])).toEqual(["duck", "unduck"]);
  });

  it("unducks when listening stops", () => {
    expect(orders(["recording_start", "listening_stopped"])).toEqual(["duck", "unduck"]);
  });

  it("ignores the user's sounds while no character speaks", () => {
    expect(orders(["vad_start", "recording_start", "vad_stop", "recording_stop", "false_alarm"], false)).toEqual([
      null,
      null,
      null,
      null,
      null,
    ]);
  });

  it("flushes on every interruption, also while no character speaks", () => {
    expect(orders(["interrupted"], false)).toEqual(["flush"]);
  });

  it("unducks after a time limit if no event of the recognizer follows", () => {
    const ducked: BargeIn = { duckedAtMs: 1_000, recording: true };
    expect(onTimePassed(ducked, 1_000 + LONGEST_DUCK_MS)[1]).toBeNull();
    expect(onTimePassed(ducked, 1_001 + LONGEST_DUCK_MS)[1]).toBe("unduck");
  });
});
