import { describe, expect, it } from "vitest";

import { Receipts } from "../src/audio/receipts";
import type { HeardBefore } from "../src/wire/events";
import type { PageInput } from "../src/talk/page-reducer";
import { findReply } from "../src/talk/page-state";
import { canStop } from "../src/talk/status-line";
import { storedMessages } from "../src/talk/stored-messages";
import { LUNA, REX, TEXT, after, chunk, heard, reply, said } from "./page-inputs";

const opened = (heardBefore: unknown[]): PageInput[] => [
  { on: "link", phase: "live", reason: "", conversationId: "c" },
  said("conversation_started", { conversation_id: "c", resumed: true, heard: heardBefore }),
];

describe("a page opened during a turn", () => {
  const BEGIN: PageInput[] = [
    said("turn_accepted", { turn_id: "t", text: "Hello?", source: "typed" }),
    said("turn_started", { turn_id: "t", replies: [LUNA, REX] }),
  ];
  const LUNAS = [
    said("message_started", { ...LUNA, turn_id: "t" }),
    chunk(TEXT),
    said("message_complete", { ...LUNA, text: TEXT }),
  ];
  const REXS = [
    said("message_started", { ...REX, turn_id: "t" }),
    chunk("Hi. I am Rex.", REX, [4]),
    said("message_complete", { ...REX, text: "Hi. I am Rex.", sentence_ends: [4, 13] }),
    said("turn_complete", { turn_id: "t" }),
  ];
  const STORED = storedMessages([
    { id: "t", turn_id: "t", role: "user", character_id: null, character_name: "", text: "Hello?", status: "complete" },
    {
      id: "m1",
      turn_id: "t",
      role: "character",
      character_id: "luna",
      character_name: "Luna",
      text: TEXT,
      status: "complete",
    },
    {
      id: "m2",
      turn_id: "t",
      role: "character",
      character_id: "rex",
      character_name: "Rex",
      text: "Hi. I am Rex.",
      status: "streaming",
    },
  ]);
  const LOADED: PageInput = { on: "stored", conversationId: "c", messages: STORED, versions: [], usage: null };
  const LUNA_HEARD = { message_id: "m1", sentence_index: 1, chunk_index: 9, played_ms: 900, complete: true };
  const REX_BEGUN = { message_id: "m2", sentence_index: 1, chunk_index: 0, played_ms: 100, complete: false };

  it.each([
    ["before", [LOADED, ...BEGIN, ...LUNAS, ...REXS]],
    ["between", [...BEGIN, ...LUNAS, LOADED, ...REXS]],
    ["after", [...BEGIN, ...LUNAS, ...REXS, LOADED]],
  ])("shows each message once with its playback position, if the stored messages load %s the events", (_, inputs) => {
    const state = after([...opened([LUNA_HEARD, REX_BEGUN]), ...inputs]);
    expect(state.messages.map(({ id, text }) => [id, text])).toEqual([
      ["t", "Hello?"],
      ["m1", TEXT],
      ["m2", "Hi. I am Rex."],
    ]);
    expect(reply(state, "m1").sound).toBe("played");
    expect(reply(state, "m2")).toMatchObject({ sound: "due", sentence: 1, status: "complete" });
    expect(canStop(state)).toBe(true);
  });

  it("shows the replies as not played if the server reports nothing as heard", () => {
    const state = after([...opened([]), LOADED, ...BEGIN, ...LUNAS, ...REXS]);
    expect(
      state.messages.filter((message) => message.kind === "reply").map(({ sound, sentence }) => [sound, sentence]),
    ).toEqual([
      ["due", -1],
      ["due", -1],
    ]);
  });

  it("marks the resumed sentence when its sound starts, and counts the text before it as heard after an interruption", () => {
    const state = after([...opened([LUNA_HEARD, REX_BEGUN]), ...BEGIN, ...LUNAS, ...REXS]);
    expect(reply(after([heard("m2", 1, "started")], state), "m2")).toMatchObject({ sound: "playing", sentence: 1 });
    expect(reply(after([{ on: "cut" }], state), "m2")).toMatchObject({ sound: "cut", heardChars: 4 });
    expect(reply(after([{ on: "cut" }], state), "m1").sound).toBe("played");
  });

  it("ignores message_heard of a reply of an earlier turn", () => {
    const state = after([...opened([]), ...BEGIN, said("message_heard", { message_id: "m0", text: "So" })]);
    expect(findReply(state, "m0")).toBeUndefined();
  });
});

const BEFORE: HeardBefore = {
  message_id: "m2",
  sentence_index: 0,
  chunk_index: 3,
  next_samples: 700,
  played_ms: 100,
  complete: false,
};

describe("receipts of a page opened during a turn", () => {
  it("include the sound that an earlier page has played", () => {
    const receipts = new Receipts();
    receipts.playedBefore(BEFORE);
    const { report } = heard("m2", 1) as PageInput & { on: "report" };
    expect(receipts.after(report)).toMatchObject({ message_id: "m2", played_ms: 200 });
    expect(receipts.after({ ...report, messageId: "m3" })).toMatchObject({ played_ms: 100 });
  });

  it("do not say that nothing was played of a message that an earlier page has played", () => {
    const receipts = new Receipts();
    receipts.playedBefore(BEFORE);
    expect(receipts.notPlayed("m2")).toBeNull();
  });

  it("continue in the chunk in which the earlier page has stopped", () => {
    const receipts = new Receipts();
    receipts.playedBefore(BEFORE);
    const { report } = heard("m2", 0) as PageInput & { on: "report" };
    const begun = { ...report, doneSentence: -1, doneChunk: -1, nextSamples: 1_200, playedMs: 50 };
    expect(receipts.after(begun)).toMatchObject({
      message_id: "m2",
      sentence_index: 0,
      chunk_index: 3,
      next_samples: 1_900,
      played_ms: 150,
    });
    const later = { ...report, doneSentence: 0, doneChunk: 4, nextSamples: 10, playedMs: 300 };
    expect(receipts.after(later)).toMatchObject({ chunk_index: 4, next_samples: 10, played_ms: 400 });
    expect(receipts.after({ ...begun, messageId: "m3" })).toBeNull();
  });
});
