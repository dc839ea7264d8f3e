import { describe, expect, it } from "vitest";

import { EMPTY, type PageState } from "../src/talk/page-state";
import { canGoOn, canStop, statusLine } from "../src/talk/status-line";
import { ASKED, LUNA, OPEN, SPOKEN, TEXT, after, heard, microphone, said } from "./page-inputs";

describe("the status line", () => {
  it.each<[string, PageState, string, string]>([
    ["before the server answers", EMPTY, "connecting", "Connecting…"],
    ["while idle", OPEN, "idle", "Ready when you are"],
    ["right after sending", after([{ on: "sent", turnId: "t", text: "x" }], OPEN), "thinking", "Thinking"],
    ["while the first character's reply is awaited", ASKED, "thinking", "Luna is thinking"],
    ["while a character speaks", SPOKEN, "speaking", "Luna is speaking"],
    [
      "while listening",
      after([microphone("listening")], OPEN),
      "listening",
      "Listening",
    ],
    ["while the microphone is opened", after([microphone("opening")], OPEN), "connecting", "Opening the microphone…"],
    [
      "while the recognizer is awaited",
      after([microphone("starting")], OPEN),
      "connecting",
      "Getting ready to listen…",
    ],
    [
      "while the microphone is paused",
      after([microphone("listening"), microphone("paused", "it is muted")], OPEN),
      "paused",
      "Microphone paused: it is muted",
    ],
    [
      "while the user speaks over a character",
      after([microphone("listening"), said("vad_start", { session_id: "s" })], SPOKEN),
      "hearing",
      "Hearing you",
    ],
    [
      "after the microphone was paused in mid-word",
      after([microphone("listening"), said("vad_start", { session_id: "s" }), microphone("paused", "a call")], OPEN),
      "paused",
      "Microphone paused: a call",
    ],
    [
      "after a session has ended in mid-word",
      after(
        [
          microphone("listening"),
          said("vad_start", { session_id: "s" }),
          said("listening_stopped", { session_id: "s" }),
        ],
        OPEN,
      ),
      "listening",
      "Listening",
    ],
    [
      "after the button was released in mid-sentence",
      after([microphone("listening"), said("vad_start", { session_id: "s" }), microphone("off")], OPEN),
      "thinking",
      "Understanding you",
    ],
    [
      "after the words before the release are known",
      after(
        [
          microphone("listening"),
          said("transcription_update", { session_id: "s", text: "Hello" }),
          microphone("off"),
          said("transcription_finished", { session_id: "s", text: "Hello", turn_id: "" }),
        ],
        OPEN,
      ),
      "idle",
      "Ready when you are",
    ],
    [
      "after the microphone was switched off in silence",
      after([microphone("listening"), microphone("off")], OPEN),
      "idle",
      "Ready when you are",
    ],
    [
      "while an earlier session hears something",
      after([microphone("listening"), said("vad_start", { session_id: "earlier" })], OPEN),
      "listening",
      "Listening",
    ],
    [
      "while the sound is interrupted",
      after([{ on: "sound_blocked", block: "interrupted" }], SPOKEN),
      "paused",
      "Sound paused",
    ],
    [
      "while the browser allows no sound",
      after([{ on: "sound_blocked", block: "policy" }], SPOKEN),
      "idle",
      "Click to turn on the sound",
    ],
    [
      "while the next character's reply is awaited",
      after([said("message_complete", { message_id: "m1", text: TEXT }), heard("m1", 1, "ended")], SPOKEN),
      "thinking",
      "Rex is thinking",
    ],
    [
      "while disconnected",
      after([{ on: "link", phase: "waiting", reason: "", conversationId: "c" }], SPOKEN),
      "offline",
      "Connection lost. Trying again…",
    ],
    [
      "after another page opened the conversation",
      after([{ on: "link", phase: "replaced", reason: "", conversationId: "c" }], OPEN),
      "away",
      "Open elsewhere",
    ],
    ["after an interruption", after([{ on: "cut" }], SPOKEN), "idle", "Ready when you are"],
  ])("shows the mood and the text %s", (_, state, mood, text) => {
    expect(statusLine(state)).toMatchObject({ mood, text });
  });

  it("offers to stop only while a reply is being written or played", () => {
    expect(canStop(OPEN)).toBe(false);
    expect(canStop(ASKED)).toBe(true);
    expect(canStop(SPOKEN)).toBe(true);
    expect(canStop(after([{ on: "cut" }], SPOKEN))).toBe(false);
    expect(canStop(after([{ on: "link", phase: "replaced", reason: "", conversationId: "c" }], SPOKEN))).toBe(false);
    const written = after(
      [
        said("message_complete", { message_id: "m1", text: TEXT }),
        said("turn_started", { turn_id: "t", replies: [LUNA] }),
        said("turn_complete", { turn_id: "t" }),
      ],
      ASKED,
    );
    expect(canStop(written)).toBe(true);
    expect(canStop(after([heard("m1", 0, "started"), heard("m1", 1, "ended")], written))).toBe(false);
    // None of it was heard, so the server says only in the next turn how much of it was.
    expect(canStop(after([{ on: "cut" }], written))).toBe(false);
    expect(canGoOn(after([{ on: "cut" }], written))).toBe(true);
  });
});

describe("listening", () => {
  it("shows the partial transcript, and clears it when the final transcript arrives", () => {
    const partial = after(
      [said("transcription_update", { text: "Hello the" }), said("transcription_stabilized", { text: "Hello" })],
      OPEN,
    );
    expect(partial.listening).toMatchObject({ partial: "Hello the", stable: "Hello" });
    expect(
      after([said("transcription_finished", { text: "Hello there", turn_id: "t" })], partial).listening,
    ).toMatchObject({ partial: "", stable: "" });
  });
});
