/** A spoken turn that the user continues: its replies are removed, and it comes again. */

import { describe, expect, it } from "vitest";

import { NOT_DUCKED, onServerEvent } from "../src/audio/barge-in";
import { statusLine } from "../src/talk/status-line";
import { LUNA, OPEN, REX, after, chunk, heard, microphone, said } from "./page-inputs";

const LISTENING = after([microphone("listening")], OPEN);
const ACCEPTED = after(
  [
    said("transcription_update", { text: "I went" }),
    said("transcription_finished", { text: "I went to the", turn_id: "t" }),
    said("turn_accepted", { turn_id: "t", text: "I went to the", source: "spoken" }),
  ],
  LISTENING,
);
const ANSWERED = after(
  [
    said("turn_started", { turn_id: "t", replies: [LUNA, REX] }),
    said("message_started", { ...LUNA, turn_id: "t" }),
    chunk("Where "),
  ],
  ACCEPTED,
);
const reopenedEvent = said("turn_reopened", { turn_id: "t" });
const WHOLE = "I went to the market.";
const again = said("turn_accepted", { turn_id: "t", text: WHOLE, source: "spoken" });

describe("a reopened turn", () => {
  it("is hidden, and its replies are removed", () => {
    const state = after([reopenedEvent], ANSWERED);
    expect(state.messages).toMatchObject([{ kind: "user", id: "t", delivery: "reopened" }]);
    expect([state.turn, state.thinking, state.speakingId]).toEqual([null, null, ""]);
  });

  it("leaves no reply if its message is not on the page", () => {
    const reply = [said("message_started", { ...LUNA, turn_id: "t" }), chunk("Where ")];
    expect(after([...reply, reopenedEvent], LISTENING).messages).toEqual([]);
  });

  it("ends the reasoning of its replies", () => {
    const thinking = after([said("thinking", { ...LUNA, turn_id: "t" })], ACCEPTED);
    expect(thinking.thinking).not.toBeNull();
    expect(after([reopenedEvent], thinking).thinking).toBeNull();
  });

  it("shows its words in the caption until the next transcript", () => {
    const state = after([reopenedEvent], ANSWERED);
    expect(state.listening.partial).toBe("I went to the");
    expect(after([said("transcription_update", { text: "I went to the mar" })], state).listening.partial).toBe(
      "I went to the mar",
    );
  });

  it("does not replace a caption that is newer", () => {
    const newer = after([said("transcription_update", { text: "I went to the mar" })], ANSWERED);
    expect(after([reopenedEvent], newer).listening.partial).toBe("I went to the mar");
  });

  it("is shown in the same bubble, with its whole text, when it is accepted again", () => {
    const state = after([reopenedEvent, again], ANSWERED);
    expect(state.messages).toMatchObject([{ kind: "user", id: "t", text: WHOLE, delivery: "safe" }]);
    expect(state.turn).toEqual({ id: "t", replies: [], textComplete: false, stopped: false });
  });

  it("is shown after a message that was typed meanwhile", () => {
    const typed = said("turn_accepted", { turn_id: "u", text: "Hello", source: "typed" });
    const state = after([reopenedEvent, typed, again], ANSWERED);
    expect(state.messages.map(({ id }) => id)).toEqual(["u", "t"]);
  });

  it("does not keep replies of its earlier version that were loaded from the store", () => {
    const state = after(
      [again, said("turn_started", { turn_id: "t", replies: [{ ...LUNA, message_id: "m9" }] })],
      ANSWERED,
    );
    expect(state.messages).toMatchObject([{ kind: "user", id: "t", text: WHOLE }]);
  });

  it("is not shown as thinking after the user stops speaking", () => {
    const hearing = after([said("vad_start", { session_id: "s" }), reopenedEvent], ANSWERED);
    expect(statusLine(hearing).mood).toBe("hearing");
    expect(statusLine(after([said("vad_stop", { session_id: "s" })], hearing)).mood).toBe("listening");
  });

  it("changes nothing if the page does not have the turn", () => {
    expect(after([said("turn_reopened", { turn_id: "u" })], ANSWERED)).toEqual(ANSWERED);
  });

  it("stops the sound at once", () => {
    const { event } = reopenedEvent as Extract<typeof reopenedEvent, { on: "event" }>;
    expect(onServerEvent({ duckedAtMs: 1, recording: true }, event, true, 2)).toEqual([NOT_DUCKED, "flush"]);
    const speaking = after([heard("m1", 0, "started")], ANSWERED);
    expect(after([reopenedEvent], speaking).speakingId).toBe("");
  });
});

describe("an extended turn", () => {
  it("has more planned replies, each once", () => {
    const more = { ...LUNA, message_id: "m3" };
    const event = said("turn_extended", { turn_id: "t", replies: [REX, more] });
    expect(after([event], ANSWERED).turn?.replies.map((reply) => reply.messageId)).toEqual(["m1", "m2", "m3"]);
  });

  it("of another turn changes nothing", () => {
    expect(after([said("turn_extended", { turn_id: "u", replies: [REX] })], ANSWERED)).toEqual(ANSWERED);
  });
});
