import { describe, expect, it } from "vitest";

import { Receipts } from "../src/audio/receipts";
import type { Report } from "../src/audio/playback-report";
import { atAGlance, canStop } from "../src/talk/status-line";
import { pastMessages } from "../src/talk/stored-messages";
import { EMPTY, type Reply, type ViewState, findReply, shownSettings } from "../src/talk/view";
import { type Happening, reduce } from "../src/talk/view-state";
import { parseEvent, type ServerEvent } from "../src/wire/events";

const said = (type: string, fields: Record<string, unknown> = {}): Happening => ({
  on: "event",
  event: parseEvent(JSON.stringify({ type, ...fields })) as ServerEvent,
});

const heard = (messageId: string, sentence: number, cause: Report["cause"] = "tick"): Happening => ({
  on: "report",
  report: {
    cause, messageId, sentence, doneSentence: sentence, doneChunk: 0, playedMs: 100, level: 0, consumed: 0,
    tally: { samples: 0, checksum: 0, gapMs: 0, gaps: 0 },
  },
});

const after = (happenings: readonly Happening[], from: ViewState = EMPTY) => happenings.reduce(reduce, from);

const LUNA = { message_id: "m1", character_id: "luna", character_name: "Luna" };
const REX = { message_id: "m2", character_id: "rex", character_name: "Rex" };
const chunk = (text: string, of = LUNA) => said("llm_chunk", { text, character_id: of.character_id, message_id: of.message_id });

const OPEN = after([
  { on: "link", phase: "live", reason: "", conversationId: "c" },
  said("conversation_started", { conversation_id: "c", demo: true }),
  said("characters", { characters: [{ id: "luna", name: "Luna" }, { id: "rex", name: "Rex" }] }),
]);
const ASKED = after(
  [
    { on: "sent", turnId: "t", text: "Hello?" },
    said("turn_accepted", { turn_id: "t", text: "Hello?", source: "typed" }),
    said("turn_started", { turn_id: "t", replies: [LUNA, REX] }),
    said("message_started", { ...LUNA, turn_id: "t" }),
  ],
  OPEN,
);
const TEXT = "Hello there. How are you today?";
const SPOKEN = after([chunk("Hello there. "), chunk("How are you today?"), heard("m1", 0, "started"), heard("m1", 1, "sentence")], ASKED);

const reply = (state: ViewState, id: string): Reply => findReply(state, id) as Reply;

describe("messages", () => {
  it("show the user's own at once and mark it safe when the server has it", () => {
    const sent = after([{ on: "sent", turnId: "t", text: "Hello?" }], OPEN);
    expect(sent.messages).toMatchObject([{ kind: "user", id: "t", delivery: "sending" }]);
    expect(ASKED.messages[0]).toMatchObject({ kind: "user", id: "t", delivery: "safe" });
    expect(ASKED.messages.filter((message) => message.kind === "user")).toHaveLength(1);
  });

  it("say which one was refused", () => {
    const sent = after([{ on: "sent", turnId: "t", text: "x" }, said("error", { code: "bad_field", message: "too long", turn_id: "t" })], OPEN);
    expect(sent.messages).toMatchObject([{ delivery: "refused" }]);
    expect(sent.notices).toMatchObject([{ place: "composer", text: "too long" }]);
  });

  it("grow with the chunks and are replaced by a resumed worker's text", () => {
    expect(reply(SPOKEN, "m1").text).toBe(TEXT);
    const resumed = after([said("message_resumed", { message_id: "m1", text: "Hello" }), chunk(" again.")], SPOKEN);
    expect(reply(resumed, "m1").text).toBe("Hello again.");
  });

  it("mark the sentence being spoken and what was played", () => {
    expect(reply(SPOKEN, "m1")).toMatchObject({ sound: "playing", sentence: 1 });
    expect(reply(after([heard("m1", 1, "ended")], SPOKEN), "m1").sound).toBe("played");
  });

  it("show what an interruption cut off, first as guessed, then as the server says", () => {
    const cut = after([said("interrupted")], SPOKEN);
    expect(reply(cut, "m1")).toMatchObject({ text: TEXT, sound: "cut", heardChars: "Hello there. ".length });
    const right = after(
      [
        said("message_complete", { message_id: "m1", text: "Hello there. How are", status: "interrupted" }),
        said("message_heard", { message_id: "m1", text: "Hello there. How are" }),
      ],
      cut,
    );
    expect(reply(right, "m1")).toMatchObject({ text: TEXT, status: "interrupted", heardChars: "Hello there. How are".length });
  });

  it("leave alone what had been heard before an interruption", () => {
    const cut = after([heard("m1", 1, "ended"), said("interrupted")], SPOKEN);
    expect(reply(cut, "m1").sound).toBe("played");
  });

  it("are not called cut off where there is no voice at all", () => {
    const silent = after([chunk("Hello there."), said("message_complete", { message_id: "m1", text: "Hello there." })], ASKED);
    expect(reply(after([{ on: "cut" }], silent), "m1").sound).toBe("due");
    const heardNothing = after([{ on: "cut" }, said("message_heard", { message_id: "m1", text: "" })], silent);
    expect(reply(heardNothing, "m1")).toMatchObject({ sound: "cut", heardChars: 0 });
  });

  it("are cut off with the one before them in the turn", () => {
    const both = after([chunk("Well.", REX), said("message_complete", { message_id: "m2", text: "Well." }), { on: "cut" }], SPOKEN);
    expect(reply(both, "m2")).toMatchObject({ sound: "cut", heardChars: 0 });
  });

  it("do not come back to life through a report that was under way", () => {
    const cut = after([{ on: "cut" }, heard("m1", 1)], SPOKEN);
    expect(cut.speakingId).toBe("");
    expect(reply(cut, "m1").sound).toBe("cut");
  });

  it("put the past in front, without what is known already", () => {
    const past = pastMessages([
      { id: "u0", turn_id: "t0", role: "user", character_id: null, character_name: "You", text: "Before", status: "complete" },
      { id: "m1", turn_id: "t", role: "character", character_id: "luna", character_name: "Luna", text: TEXT, status: "complete" },
    ]);
    const state = after([{ on: "past", conversationId: "c", messages: past }], SPOKEN);
    expect(state.messages.map((message) => message.id)).toEqual(["t0", "t", "m1"]);
    expect(after([{ on: "past", conversationId: "another", messages: past }], SPOKEN)).toBe(SPOKEN);
    const newer = { ...past[1]!, id: "m9" };
    const withNewer = after([{ on: "past", conversationId: "c", messages: [...past, newer] }], SPOKEN);
    expect(withNewer.messages.map((message) => message.id)).toEqual(["t0", "t", "m1"]);
  });

  it("tell a screen reader whole replies, not tokens", () => {
    expect(SPOKEN.announcement).toBe("");
    expect(after([said("message_complete", { message_id: "m1", text: TEXT })], SPOKEN).announcement).toBe(`Luna: ${TEXT}`);
  });

  it("start empty in another conversation, at the same table", () => {
    const other = after([said("conversation_started", { conversation_id: "d" })], SPOKEN);
    expect(other).toMatchObject({ conversationId: "d", messages: [], demo: false, turn: null });
    expect(other.characters).toHaveLength(2);
    expect(after([said("conversation_started", { conversation_id: "c", resumed: true })], SPOKEN).messages).toHaveLength(2);
  });
});

describe("the state at a glance", () => {
  it.each<[string, ViewState, string, string]>([
    ["before the server answers", EMPTY, "connecting", "Connecting…"],
    ["when nothing goes on", OPEN, "idle", "Ready when you are"],
    ["right after sending", after([{ on: "sent", turnId: "t", text: "x" }], OPEN), "thinking", "Thinking"],
    ["while the first one thinks", ASKED, "thinking", "Luna is thinking"],
    ["while one speaks", SPOKEN, "speaking", "Luna is speaking"],
    ["while listening", after([{ on: "microphone", microphone: "on" }, said("vad_detect_start")], OPEN), "listening", "Listening"],
    ["while the user speaks over someone", after([said("vad_start")], SPOKEN), "hearing", "Hearing you"],
    ["when the next one is due", after([said("message_complete", { message_id: "m1", text: TEXT }), heard("m1", 1, "ended")], SPOKEN), "thinking", "Rex is thinking"],
    ["when the line is down", after([{ on: "link", phase: "waiting", reason: "", conversationId: "c" }], SPOKEN), "offline", "Connection lost. Trying again…"],
    ["when another page has it", after([{ on: "link", phase: "replaced", reason: "", conversationId: "c" }], OPEN), "away", "This talk is open somewhere else"],
    ["after an interruption", after([{ on: "cut" }], SPOKEN), "idle", "Ready when you are"],
  ])("says it %s", (_, state, mood, line) => {
    expect(atAGlance(state)).toMatchObject({ mood, line });
  });

  it("offers to stop only what can be stopped", () => {
    expect(canStop(OPEN)).toBe(false);
    expect(canStop(ASKED)).toBe(true);
    expect(canStop(SPOKEN)).toBe(true);
    expect(canStop(after([{ on: "cut" }], SPOKEN))).toBe(false);
    const written = after(
      [said("message_complete", { message_id: "m1", text: TEXT }), said("turn_started", { turn_id: "t", replies: [LUNA] }), said("turn_complete", { turn_id: "t" })],
      ASKED,
    );
    expect(canStop(written)).toBe(true);
    expect(canStop(after([heard("m1", 0, "started"), heard("m1", 1, "ended")], written))).toBe(false);
  });
});

describe("listening", () => {
  it("shows words as they come and clears them when they have become a message", () => {
    const partial = after([said("transcription_update", { text: "Hello the" }), said("transcription_stabilized", { text: "Hello" })], OPEN);
    expect(partial.listening).toMatchObject({ partial: "Hello the", stable: "Hello" });
    expect(after([said("transcription_finished", { text: "Hello there", turn_id: "t" })], partial).listening).toMatchObject({ partial: "", stable: "" });
  });
});

const asked = (change: Record<string, unknown>): Happening => ({ on: "settings_asked", change });
const holds = (settings: Record<string, unknown>) => said("model_settings", settings);

describe("the model's settings", () => {
  it("show what the user has just set, and an earlier answer does not put it back", () => {
    const state = after([holds({ temperature: 1 }), asked({ temperature: 1.05 }), asked({ temperature: 1.1 })], OPEN);
    expect(shownSettings(state)).toMatchObject({ temperature: 1.1, model: null });
    expect(shownSettings(after([holds({ temperature: 1.05 })], state)).temperature).toBe(1.1);
    const confirmed = after([holds({ temperature: 1.1 })], state);
    expect(confirmed.asked).toEqual({});
    expect(shownSettings(after([holds({ temperature: 0.2 })], confirmed)).temperature).toBe(0.2);
  });

  it("go back to what holds when the server refuses, and say so where they are set", () => {
    const state = after([holds({ model: "a" }), asked({ model: "b" }), said("error", { code: "rate_limited", message: "slower" })], OPEN);
    expect(shownSettings(state).model).toBe("a");
    expect(state.notices).toMatchObject([{ place: "settings", text: "slower" }]);
    expect(after([holds({ model: "b" })], state).notices).toEqual([]);
  });

  it("keep to themselves what is about a message", () => {
    const state = after([asked({ model: "b" }), said("error", { code: "bad_field", message: "too long", turn_id: "t" })], ASKED);
    expect(state.asked).toEqual({ model: "b" });
    expect(state.notices).toMatchObject([{ place: "composer" }]);
  });

  it("show what holds when the line breaks, for nobody knows whether the change came through", () => {
    const state = after([holds({ model: "a" }), asked({ model: "b" }), { on: "link", phase: "waiting", reason: "", conversationId: "c" }], OPEN);
    expect(shownSettings(state).model).toBe("a");
  });
});

describe("problems", () => {
  it.each([
    ["stt_failed", "talk"],
    ["llm_auth", "transcript"],
    ["no_characters", "transcript"],
    ["rate_limited", "composer"],
    ["unavailable", "page"],
  ])("of the kind %s appear at the %s", (code, place) => {
    expect(after([said("error", { code, message: "what to do" })], OPEN).notices).toMatchObject([{ place, text: "what to do" }]);
  });

  it("of one reply appear with it", () => {
    const state = after([said("error", { code: "tts_failed", message: "no voice", message_id: "m1" })], SPOKEN);
    expect(reply(state, "m1").problem).toBe("no voice");
    expect(state.notices).toEqual([]);
  });

  it("are not told twice, and go when they are over", () => {
    const twice = after([said("error", { code: "llm_rate", message: "a" }), said("error", { code: "llm_rate", message: "b" })], OPEN);
    expect(twice.notices).toHaveLength(1);
    expect(after([said("turn_accepted", { turn_id: "t2", text: "x" })], twice).notices).toEqual([]);
  });

  it("end the waiting of the turn they belong to", () => {
    const failed = after([said("error", { code: "llm_auth", message: "key", turn_id: "t" })], ASKED);
    expect(atAGlance(failed).mood).toBe("idle");
  });
});

describe("a page that was opened while they talk", () => {
  const BEGIN: Happening[] = [
    said("turn_accepted", { turn_id: "t", text: "Hello?", source: "typed" }),
    said("turn_started", { turn_id: "t", replies: [LUNA, REX] }),
  ];
  const LUNAS = [said("message_started", { ...LUNA, turn_id: "t" }), chunk(TEXT), said("message_complete", { ...LUNA, text: TEXT })];
  const REXS = [
    said("message_started", { ...REX, turn_id: "t" }),
    chunk("Hi. I am Rex.", REX),
    said("message_complete", { ...REX, text: "Hi. I am Rex." }),
    said("turn_complete", { turn_id: "t" }),
  ];
  const STORED = pastMessages([
    { id: "u", turn_id: "t", role: "user", character_id: null, character_name: "", text: "Hello?", status: "complete" },
    { id: "m1", turn_id: "t", role: "character", character_id: "luna", character_name: "Luna", text: TEXT, status: "complete" },
    { id: "m2", turn_id: "t", role: "character", character_id: "rex", character_name: "Rex", text: "Hi. I am Rex.", status: "streaming" },
  ]);
  const PAST: Happening = { on: "past", conversationId: "c", messages: STORED };
  const opened = (heardBefore: unknown[]): Happening[] => [
    { on: "link", phase: "live", reason: "", conversationId: "c" },
    said("conversation_started", { conversation_id: "c", resumed: true, heard: heardBefore }),
  ];
  const LUNA_HEARD = { message_id: "m1", sentence_index: 1, chunk_index: 9, played_ms: 900, complete: true };
  const REX_BEGUN = { message_id: "m2", sentence_index: 1, chunk_index: 0, played_ms: 100, complete: false };

  it.each([
    ["before", [PAST, ...BEGIN, ...LUNAS, ...REXS]],
    ["amid", [...BEGIN, ...LUNAS, PAST, ...REXS]],
    ["after", [...BEGIN, ...LUNAS, ...REXS, PAST]],
  ])("shows each message once, and as heard what was heard, where the past comes %s the events", (_, happenings) => {
    const state = after([...opened([LUNA_HEARD, REX_BEGUN]), ...happenings]);
    expect(state.messages.map(({ id, text }) => [id, text])).toEqual([
      ["t", "Hello?"],
      ["m1", TEXT],
      ["m2", "Hi. I am Rex."],
    ]);
    expect(reply(state, "m1").sound).toBe("played");
    expect(reply(state, "m2")).toMatchObject({ sound: "due", sentence: 1, status: "complete" });
    expect(canStop(state)).toBe(true);
  });

  it("shows nothing as heard where nothing was", () => {
    const state = after([...opened([]), PAST, ...BEGIN, ...LUNAS, ...REXS]);
    expect(state.messages.filter((message) => message.kind === "reply").map(({ sound, sentence }) => [sound, sentence])).toEqual([
      ["due", -1],
      ["due", -1],
    ]);
  });

  it("marks what is spoken as soon as it sounds, and cuts off there", () => {
    const state = after([...opened([LUNA_HEARD, REX_BEGUN]), ...BEGIN, ...LUNAS, ...REXS]);
    expect(reply(after([heard("m2", 1, "started")], state), "m2")).toMatchObject({ sound: "playing", sentence: 1 });
    expect(reply(after([{ on: "cut" }], state), "m2")).toMatchObject({ sound: "cut", heardChars: 4 });
    expect(reply(after([{ on: "cut" }], state), "m1").sound).toBe("played");
  });

  it("leaves a reply of an earlier turn to the past", () => {
    const state = after([...opened([]), ...BEGIN, said("message_heard", { message_id: "m0", text: "So" })]);
    expect(findReply(state, "m0")).toBeUndefined();
  });
});

describe("receipts of a page that was opened while they talk", () => {
  it("count what was played before", () => {
    const receipts = new Receipts();
    receipts.playedBefore("m2", 100);
    const { report } = heard("m2", 1) as Happening & { on: "report" };
    expect(receipts.after(report)).toMatchObject({ message_id: "m2", played_ms: 200 });
    expect(receipts.after({ ...report, messageId: "m3" })).toMatchObject({ played_ms: 100 });
  });
});

describe("warnings", () => {
  const PAUSED = said("warning", {
    code: "writes_paused",
    message: "Redis has no memory left: nothing can be written just now. What you send now has to be sent again (with the same turn_id).",
  });
  const AWAY = { code: "unavailable", message: "Redis is away. Send it again in a moment (with the same turn_id)." };

  it("of paused writes say why, and what this page does about it, until they go on", () => {
    const paused = after([PAUSED], SPOKEN);
    expect(paused.notices).toMatchObject([{ place: "page", code: "writes_paused", serious: true }]);
    expect(paused.notices[0]?.text).toMatch(/^Redis has no memory left\. /);
    expect(paused.notices[0]?.text).not.toContain("turn_id");
    expect(atAGlance(after([{ on: "cut" }], paused)).mood).toBe("offline");
    const resumed = after([{ on: "cut" }, said("warning", { code: "writes_resumed", message: "on" })], paused);
    expect(resumed.notices).toEqual([]);
    expect(atAGlance(resumed).mood).toBe("idle");
  });

  it("of paused writes are the only word of what cannot be taken meanwhile", () => {
    const refused = said("error", { ...AWAY, turn_id: "t9" });
    expect(after([PAUSED, refused], OPEN).notices).toHaveLength(1);
    expect(after([refused, PAUSED], OPEN).notices).toMatchObject([{ code: "writes_paused" }]);
    expect(after([PAUSED, { on: "dismiss", place: "page" }, refused], OPEN).notices).toEqual([]);
  });

  it("of paused writes do not hide that a setting was not changed", () => {
    const state = after([PAUSED, asked({ model: "b" }), said("error", AWAY)], OPEN);
    expect(state.asked).toEqual({});
    expect(state.notices).toMatchObject([{ code: "writes_paused" }, { place: "settings" }]);
  });

  it.each(["store_refused", "reply_cut"])("%s stands with the turn, and goes with the next", (code) => {
    const state = after([said("warning", { code, message: "why" })], SPOKEN);
    expect(state.notices).toMatchObject([{ place: "transcript", text: "why", serious: false }]);
    expect(after([said("turn_accepted", { turn_id: "t2", text: "x" })], state).notices).toEqual([]);
  });

  it.each(["store_lost", "store_unavailable", "newer_release", "a_later_one"])("%s stays until it is dismissed", (code) => {
    const both = after([said("warning", { code, message: "why" }), said("warning", { code: "other", message: "else" })], OPEN);
    expect(after([said("turn_accepted", { turn_id: "t2", text: "x" })], both).notices).toHaveLength(2);
    expect(after([{ on: "dismiss", place: "page", code }], both).notices).toMatchObject([{ code: "other" }]);
  });
});

describe("a server that cannot take something", () => {
  const unavailable = (turnId = "") => said("error", { code: "unavailable", message: "Redis is away (with the same turn_id).", turn_id: turnId });

  it("is told of in the page's own words, since the page sends messages again", () => {
    expect(after([unavailable("t")], OPEN).notices[0]?.text).toContain("sent as soon as it can be");
    expect(after([unavailable()], OPEN).notices[0]?.text).toBe("Redis is away.");
  });

  it.each([
    ["turn_accepted", said("turn_accepted", { turn_id: "t", text: "x" })],
    ["model_settings", holds({ model: "a" })],
    ["vad_detect_start", said("vad_detect_start", {})],
  ])("is well again with %s", (_, sign) => {
    expect(after([unavailable("t"), sign], OPEN).notices).toEqual([]);
  });
});
