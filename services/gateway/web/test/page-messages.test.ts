import { describe, expect, it } from "vitest";

import type { Reply } from "../src/talk/page-state";
import { isUnspoken, isWithoutContent } from "../src/talk/replies";
import { storedMessages } from "../src/talk/stored-messages";
import { ASKED, OPEN, REX, SPOKEN, TEXT, after, chunk, heard, reply, said } from "./page-inputs";

describe("messages", () => {
  it("are shown at once, and marked as safe when the server accepts them", () => {
    const sent = after([{ on: "sent", turnId: "t", text: "Hello?" }], OPEN);
    expect(sent.messages).toMatchObject([{ kind: "user", id: "t", delivery: "sending" }]);
    expect(ASKED.messages[0]).toMatchObject({ kind: "user", id: "t", delivery: "safe" });
    expect(ASKED.messages.filter((message) => message.kind === "user")).toHaveLength(1);
  });

  it("are marked as refused when the server refuses them", () => {
    const sent = after(
      [{ on: "sent", turnId: "t", text: "x" }, said("error", { code: "bad_field", message: "too long", turn_id: "t" })],
      OPEN,
    );
    expect(sent.messages).toMatchObject([{ delivery: "refused" }]);
    expect(sent.notices).toMatchObject([{ place: "composer", text: "too long" }]);
  });

  it("grow with the chunks; message_resumed replaces text and sentence ends", () => {
    expect(reply(SPOKEN, "m1")).toMatchObject({ text: TEXT, sentenceEnds: [13] });
    const resumed = after([said("message_resumed", { message_id: "m1", text: "Hello" }), chunk(" again.")], SPOKEN);
    expect(reply(resumed, "m1")).toMatchObject({ text: "Hello again.", sentenceEnds: [] });
  });

  it("take the sentence ends of a complete reply from message_complete", () => {
    const complete = after(
      [said("message_complete", { message_id: "m1", text: TEXT, sentence_ends: [13, 31] })],
      SPOKEN,
    );
    expect(reply(complete, "m1").sentenceEnds).toEqual([13, 31]);
  });

  it("count as unheard after an interruption if they have no sentence ends, until the server says how much was heard", () => {
    const cut = after([chunk(TEXT), heard("m1", 1, "sentence"), said("interrupted")], ASKED);
    expect(reply(cut, "m1")).toMatchObject({ sound: "cut", heardChars: 0 });
  });

  it("look the same after a reload as after the interruption", () => {
    const complete = said("message_complete", { message_id: "m1", text: TEXT, sentence_ends: [13, 31] });
    for (const [text, unheard, cause] of [
      ["Hello there. ", "How are you today?", "sentence"],
      ["", TEXT, "started"],
    ] as const) {
      const events = [heard("m1", 0, cause), said("interrupted"), said("message_heard", { message_id: "m1", text })];
      const before = reply(after([complete, ...events], SPOKEN), "m1");
      const row = { id: "m1", turn_id: "t", role: "character", character_id: "luna", character_name: "Luna" } as const;
      const [stored] = storedMessages([{ ...row, text, unheard: TEXT.slice(text.length), status: "interrupted" }]);
      expect(text + unheard).toHaveLength(TEXT.length);
      expect(stored).toMatchObject({
        text: before.text,
        sound: before.sound,
        heardChars: before.heardChars,
        status: before.status,
      });
      expect(isUnspoken(stored as Reply)).toBe(isUnspoken(before));
      expect(isUnspoken(before)).toBe(text === "");
    }
  });

  it("are stored whole by a server that does not send what was not heard", () => {
    const row = { id: "m1", turn_id: "t", role: "character", character_id: "luna", character_name: "Luna" } as const;
    const [stored] = storedMessages([{ ...row, text: "Hello", status: "interrupted" }]);
    expect(stored).toMatchObject({ text: "Hello", sound: "stored", heardChars: 5 });
  });

  it("have no content if they were interrupted before their first word", () => {
    const complete = said("message_complete", { message_id: "m1", text: "", status: "interrupted" });
    const cut = after([said("interrupted"), complete], ASKED);
    expect(isWithoutContent(reply(cut, "m1"))).toBe(true);
    expect(cut.announcement).toBe(ASKED.announcement);
    expect(isWithoutContent(reply(ASKED, "m1"))).toBe(false);
    expect(isWithoutContent(reply(after([said("interrupted")], SPOKEN), "m1"))).toBe(false);
  });

  it("know which sentence is being spoken, and whether they were played", () => {
    expect(reply(SPOKEN, "m1")).toMatchObject({ sound: "playing", sentence: 1 });
    expect(reply(after([heard("m1", 1, "ended")], SPOKEN), "m1").sound).toBe("played");
  });

  it("have the length of the heard text after an interruption: first an estimate, then the server's value", () => {
    const cut = after([said("interrupted")], SPOKEN);
    expect(reply(cut, "m1")).toMatchObject({ text: TEXT, sound: "cut", heardChars: "Hello there. ".length });
    const right = after(
      [
        said("message_complete", { message_id: "m1", text: "Hello there. How are", status: "interrupted" }),
        said("message_heard", { message_id: "m1", text: "Hello there. How are" }),
      ],
      cut,
    );
    expect(reply(right, "m1")).toMatchObject({
      text: TEXT,
      status: "interrupted",
      heardChars: "Hello there. How are".length,
    });
  });

  it("stay marked as played if they were heard to the end before the interruption", () => {
    const cut = after([heard("m1", 1, "ended"), said("interrupted")], SPOKEN);
    expect(reply(cut, "m1").sound).toBe("played");
  });

  it("without sound are not marked as cut off by an interruption until the server says that nothing was heard", () => {
    const silent = after(
      [chunk("Hello there."), said("message_complete", { message_id: "m1", text: "Hello there." })],
      ASKED,
    );
    expect(reply(after([{ on: "cut" }], silent), "m1").sound).toBe("due");
    const heardNothing = after([{ on: "cut" }, said("message_heard", { message_id: "m1", text: "" })], silent);
    expect(reply(heardNothing, "m1")).toMatchObject({ sound: "cut", heardChars: 0 });
  });

  it("that wait for the speaking reply are cut off together with it", () => {
    const both = after(
      [chunk("Well.", REX), said("message_complete", { message_id: "m2", text: "Well." }), { on: "cut" }],
      SPOKEN,
    );
    expect(reply(both, "m2")).toMatchObject({ sound: "cut", heardChars: 0 });
  });

  it("stay cut off when a report of their playback arrives late", () => {
    const cut = after([{ on: "cut" }, heard("m1", 1)], SPOKEN);
    expect(cut.speakingId).toBe("");
    expect(reply(cut, "m1").sound).toBe("cut");
  });

  it("from the store are shown first, without those that are shown already", () => {
    const past = storedMessages([
      {
        id: "t0",
        turn_id: "t0",
        role: "user",
        character_id: null,
        character_name: "You",
        text: "Before",
        status: "complete",
      },
      {
        id: "m1",
        turn_id: "t",
        role: "character",
        character_id: "luna",
        character_name: "Luna",
        text: TEXT,
        status: "complete",
      },
    ]);
    const state = after([{ on: "stored", conversationId: "c", messages: past, versions: [], usage: null }], SPOKEN);
    expect(state.messages.map((message) => message.id)).toEqual(["t0", "t", "m1"]);
    expect(after([{ on: "stored", conversationId: "another", messages: past, versions: [], usage: null }], SPOKEN)).toBe(SPOKEN);
    const newer = { ...past[1]!, id: "m9" };
    const withNewer = after([{ on: "stored", conversationId: "c", messages: [...past, newer], versions: [], usage: null }], SPOKEN);
    expect(withNewer.messages.map((message) => message.id)).toEqual(["t0", "t", "m1"]);
  });

  it("are announced to screen readers as whole replies, not token by token", () => {
    expect(SPOKEN.announcement).toBe("");
    expect(after([said("message_complete", { message_id: "m1", text: TEXT })], SPOKEN).announcement).toBe(
      `Luna: ${TEXT}`,
    );
  });

  it("are removed when another conversation is opened; the characters stay", () => {
    const other = after([said("conversation_started", { conversation_id: "d" })], SPOKEN);
    expect(other).toMatchObject({ conversationId: "d", messages: [], demo: false, turn: null });
    expect(other.characters).toHaveLength(2);
    expect(
      after([said("conversation_started", { conversation_id: "c", resumed: true })], SPOKEN).messages,
    ).toHaveLength(2);
  });
});
