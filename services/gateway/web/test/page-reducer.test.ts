import { describe, expect, it } from "vitest";

import { Receipts } from "../src/audio/receipts";
import type { Report } from "../src/audio/playback-report";
import { statusLine, canStop } from "../src/talk/status-line";
import { storedMessages } from "../src/talk/stored-messages";
import { EMPTY, type Reply, type PageState, findReply, shownSettings } from "../src/talk/page-state";
import { type PageInput, reduce } from "../src/talk/page-reducer";
import { parseEvent, type ServerEvent } from "../src/wire/events";

const said = (type: string, fields: Record<string, unknown> = {}): PageInput => ({
  on: "event",
  event: parseEvent(JSON.stringify({ type, ...fields })) as ServerEvent,
});

const heard = (messageId: string, sentence: number, cause: Report["cause"] = "tick"): PageInput => ({
  on: "report",
  report: {
    cause,
    messageId,
    sentence,
    doneSentence: sentence,
    doneChunk: 0,
    playedMs: 100,
    level: 0,
    consumed: 0,
    tally: { samples: 0, checksum: 0, gapMs: 0, gaps: 0 },
  },
});

const after = (inputs: readonly PageInput[], from: PageState = EMPTY) => inputs.reduce(reduce, from);

const LUNA = { message_id: "m1", character_id: "luna", character_name: "Luna" };
const REX = { message_id: "m2", character_id: "rex", character_name: "Rex" };
const chunk = (text: string, of = LUNA, ends: readonly number[] = []) =>
  said("llm_chunk", { text, character_id: of.character_id, message_id: of.message_id, sentence_ends: ends });

const OPEN = after([
  { on: "link", phase: "live", reason: "", conversationId: "c" },
  said("conversation_started", { conversation_id: "c", demo: true }),
  said("characters", {
    characters: [
      { id: "luna", name: "Luna" },
      { id: "rex", name: "Rex" },
    ],
  }),
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
const SPOKEN = after(
  [
    chunk("Hello there. "),
    chunk("How are you today?", LUNA, ["Hello there. ".length]),
    heard("m1", 0, "started"),
    heard("m1", 1, "sentence"),
  ],
  ASKED,
);

const reply = (state: PageState, id: string): Reply => findReply(state, id) as Reply;

describe("messages", () => {
  it("show the user's message at once and mark it safe when the server accepts it", () => {
    const sent = after([{ on: "sent", turnId: "t", text: "Hello?" }], OPEN);
    expect(sent.messages).toMatchObject([{ kind: "user", id: "t", delivery: "sending" }]);
    expect(ASKED.messages[0]).toMatchObject({ kind: "user", id: "t", delivery: "safe" });
    expect(ASKED.messages.filter((message) => message.kind === "user")).toHaveLength(1);
  });

  it("mark a message that the server refuses", () => {
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

  it("without sentence ends are cut at their start until the server says how much was heard", () => {
    const cut = after([chunk(TEXT), heard("m1", 1, "sentence"), said("interrupted")], ASKED);
    expect(reply(cut, "m1")).toMatchObject({ sound: "cut", heardChars: 0 });
  });

  it("mark the sentence being spoken and replies that were played", () => {
    expect(reply(SPOKEN, "m1")).toMatchObject({ sound: "playing", sentence: 1 });
    expect(reply(after([heard("m1", 1, "ended")], SPOKEN), "m1").sound).toBe("played");
  });

  it("mark the unheard text after an interruption: an estimate first, then the server's answer", () => {
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

  it("stay played if they were heard before the interruption", () => {
    const cut = after([heard("m1", 1, "ended"), said("interrupted")], SPOKEN);
    expect(reply(cut, "m1").sound).toBe("played");
  });

  it("are not cut off by an interruption while no tts worker runs", () => {
    const silent = after(
      [chunk("Hello there."), said("message_complete", { message_id: "m1", text: "Hello there." })],
      ASKED,
    );
    expect(reply(after([{ on: "cut" }], silent), "m1").sound).toBe("due");
    const heardNothing = after([{ on: "cut" }, said("message_heard", { message_id: "m1", text: "" })], silent);
    expect(reply(heardNothing, "m1")).toMatchObject({ sound: "cut", heardChars: 0 });
  });

  it("are cut off together with the reply before them in the turn", () => {
    const both = after(
      [chunk("Well.", REX), said("message_complete", { message_id: "m2", text: "Well." }), { on: "cut" }],
      SPOKEN,
    );
    expect(reply(both, "m2")).toMatchObject({ sound: "cut", heardChars: 0 });
  });

  it("stay cut off when a late report arrives", () => {
    const cut = after([{ on: "cut" }, heard("m1", 1)], SPOKEN);
    expect(cut.speakingId).toBe("");
    expect(reply(cut, "m1").sound).toBe("cut");
  });

  it("from the store are shown first, except those already shown", () => {
    const past = storedMessages([
      {
        id: "u0",
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
    const state = after([{ on: "stored", conversationId: "c", messages: past }], SPOKEN);
    expect(state.messages.map((message) => message.id)).toEqual(["t0", "t", "m1"]);
    expect(after([{ on: "stored", conversationId: "another", messages: past }], SPOKEN)).toBe(SPOKEN);
    const newer = { ...past[1]!, id: "m9" };
    const withNewer = after([{ on: "stored", conversationId: "c", messages: [...past, newer] }], SPOKEN);
    expect(withNewer.messages.map((message) => message.id)).toEqual(["t0", "t", "m1"]);
  });

  it("announce whole replies to screen readers, not tokens", () => {
    expect(SPOKEN.announcement).toBe("");
    expect(after([said("message_complete", { message_id: "m1", text: TEXT })], SPOKEN).announcement).toBe(
      `Luna: ${TEXT}`,
    );
  });

  it("start empty in another conversation, with the same characters", () => {
    const other = after([said("conversation_started", { conversation_id: "d" })], SPOKEN);
    expect(other).toMatchObject({ conversationId: "d", messages: [], demo: false, turn: null });
    expect(other.characters).toHaveLength(2);
    expect(
      after([said("conversation_started", { conversation_id: "c", resumed: true })], SPOKEN).messages,
    ).toHaveLength(2);
  });
});

describe("the status line", () => {
  it.each<[string, PageState, string, string]>([
    ["before the server answers", EMPTY, "connecting", "Connecting…"],
    ["while idle", OPEN, "idle", "Ready when you are"],
    ["right after sending", after([{ on: "sent", turnId: "t", text: "x" }], OPEN), "thinking", "Thinking"],
    ["while the first character's reply is awaited", ASKED, "thinking", "Luna is thinking"],
    ["while a character speaks", SPOKEN, "speaking", "Luna is speaking"],
    [
      "while listening",
      after([{ on: "microphone", microphone: "on" }, said("vad_detect_start")], OPEN),
      "listening",
      "Listening",
    ],
    ["while the user speaks over a character", after([said("vad_start")], SPOKEN), "hearing", "Hearing you"],
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
      "This talk is open somewhere else",
    ],
    ["after an interruption", after([{ on: "cut" }], SPOKEN), "idle", "Ready when you are"],
  ])("is right %s", (_, state, mood, text) => {
    expect(statusLine(state)).toMatchObject({ mood, text });
  });

  it("offers to stop only while a reply is written or played", () => {
    expect(canStop(OPEN)).toBe(false);
    expect(canStop(ASKED)).toBe(true);
    expect(canStop(SPOKEN)).toBe(true);
    expect(canStop(after([{ on: "cut" }], SPOKEN))).toBe(false);
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
  });
});

describe("listening", () => {
  it("shows the partial transcript and clears it when it has become a message", () => {
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

const changed = (change: Record<string, unknown>): PageInput => ({ on: "settings_changed", change });
const confirms = (settings: Record<string, unknown>) => said("model_settings", settings);

describe("the model's settings", () => {
  it("show a pending change until it is confirmed, also after the answer to an earlier change", () => {
    const state = after(
      [confirms({ temperature: 1 }), changed({ temperature: 1.05 }), changed({ temperature: 1.1 })],
      OPEN,
    );
    expect(shownSettings(state)).toMatchObject({ temperature: 1.1, model: null });
    expect(shownSettings(after([confirms({ temperature: 1.05 })], state)).temperature).toBe(1.1);
    const confirmed = after([confirms({ temperature: 1.1 })], state);
    expect(confirmed.pendingSettings).toEqual({});
    expect(shownSettings(after([confirms({ temperature: 0.2 })], confirmed)).temperature).toBe(0.2);
  });

  it("return to the confirmed values when the server refuses a change, with a notice in the settings panel", () => {
    const state = after(
      [confirms({ model: "a" }), changed({ model: "b" }), said("error", { code: "rate_limited", message: "slower" })],
      OPEN,
    );
    expect(shownSettings(state).model).toBe("a");
    expect(state.notices).toMatchObject([{ place: "settings", text: "slower" }]);
    expect(after([confirms({ model: "b" })], state).notices).toEqual([]);
  });

  it("ignore an error about a message", () => {
    const state = after(
      [changed({ model: "b" }), said("error", { code: "bad_field", message: "too long", turn_id: "t" })],
      ASKED,
    );
    expect(state.pendingSettings).toEqual({ model: "b" });
    expect(state.notices).toMatchObject([{ place: "composer" }]);
  });

  it("return to the confirmed values when the connection is lost", () => {
    const state = after(
      [
        confirms({ model: "a" }),
        changed({ model: "b" }),
        { on: "link", phase: "waiting", reason: "", conversationId: "c" },
      ],
      OPEN,
    );
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
  ])("with code %s appear at the %s", (code, place) => {
    expect(after([said("error", { code, message: "what to do" })], OPEN).notices).toMatchObject([
      { place, text: "what to do" },
    ]);
  });

  it("with a message id appear in that reply's bubble", () => {
    const state = after([said("error", { code: "tts_failed", message: "no voice", message_id: "m1" })], SPOKEN);
    expect(reply(state, "m1").problem).toBe("no voice");
    expect(state.notices).toEqual([]);
  });

  it("appear once each, and disappear with the next turn", () => {
    const twice = after(
      [said("error", { code: "llm_rate", message: "a" }), said("error", { code: "llm_rate", message: "b" })],
      OPEN,
    );
    expect(twice.notices).toHaveLength(1);
    expect(after([said("turn_accepted", { turn_id: "t2", text: "x" })], twice).notices).toEqual([]);
  });

  it("end their turn", () => {
    const failed = after([said("error", { code: "llm_auth", message: "key", turn_id: "t" })], ASKED);
    expect(statusLine(failed).mood).toBe("idle");
  });
});

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
    { id: "u", turn_id: "t", role: "user", character_id: null, character_name: "", text: "Hello?", status: "complete" },
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
  const LOADED: PageInput = { on: "stored", conversationId: "c", messages: STORED };
  const opened = (heardBefore: unknown[]): PageInput[] => [
    { on: "link", phase: "live", reason: "", conversationId: "c" },
    said("conversation_started", { conversation_id: "c", resumed: true, heard: heardBefore }),
  ];
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

  it("shows no reply as played if none was", () => {
    const state = after([...opened([]), LOADED, ...BEGIN, ...LUNAS, ...REXS]);
    expect(
      state.messages.filter((message) => message.kind === "reply").map(({ sound, sentence }) => [sound, sentence]),
    ).toEqual([
      ["due", -1],
      ["due", -1],
    ]);
  });

  it("marks the sentence when its sound starts, and an interruption cuts there", () => {
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

describe("receipts of a page opened during a turn", () => {
  it("include the sound played before", () => {
    const receipts = new Receipts();
    receipts.playedBefore("m2", 100);
    const { report } = heard("m2", 1) as PageInput & { on: "report" };
    expect(receipts.after(report)).toMatchObject({ message_id: "m2", played_ms: 200 });
    expect(receipts.after({ ...report, messageId: "m3" })).toMatchObject({ played_ms: 100 });
  });
});

describe("warnings of paused writes", () => {
  const PAUSED = said("warning", {
    code: "writes_paused",
    message:
      "Redis has no memory left: nothing can be written just now. What you send now has to be sent again (with the same turn_id).",
  });
  const AWAY = { code: "unavailable", message: "Redis is away. Send it again in a moment (with the same turn_id)." };

  it("show the cause and what the page does, until writes resume", () => {
    const paused = after([PAUSED], SPOKEN);
    expect(paused.notices).toMatchObject([{ place: "page", code: "writes_paused", serious: true }]);
    expect(paused.notices[0]?.text).toMatch(/^Redis has no memory left\. /);
    expect(paused.notices[0]?.text).not.toContain("turn_id");
    expect(statusLine(after([{ on: "cut" }], paused)).mood).toBe("offline");
    const resumed = after([{ on: "cut" }, said("warning", { code: "writes_resumed", message: "on" })], paused);
    expect(resumed.notices).toEqual([]);
    expect(statusLine(resumed).mood).toBe("idle");
  });

  it("replace the errors of refused messages", () => {
    const refused = said("error", { ...AWAY, turn_id: "t9" });
    expect(after([PAUSED, refused], OPEN).notices).toHaveLength(1);
    expect(after([refused, PAUSED], OPEN).notices).toMatchObject([{ code: "writes_paused" }]);
    expect(after([PAUSED, { on: "dismiss", place: "page" }, refused], OPEN).notices).toEqual([]);
  });

  it("do not hide that a settings change was refused", () => {
    const state = after([PAUSED, changed({ model: "b" }), said("error", AWAY)], OPEN);
    expect(state.pendingSettings).toEqual({});
    expect(state.notices).toMatchObject([{ code: "writes_paused" }, { place: "settings" }]);
  });

  it.each(["store_refused", "reply_cut"])("%s appears in the transcript until the next turn", (code) => {
    const state = after([said("warning", { code, message: "why" })], SPOKEN);
    expect(state.notices).toMatchObject([{ place: "transcript", text: "why", serious: false }]);
    expect(after([said("turn_accepted", { turn_id: "t2", text: "x" })], state).notices).toEqual([]);
  });

  it.each(["store_lost", "store_unavailable", "newer_release", "a_later_one"])(
    "%s stays until it is dismissed",
    (code) => {
      const both = after(
        [said("warning", { code, message: "why" }), said("warning", { code: "other", message: "else" })],
        OPEN,
      );
      expect(after([said("turn_accepted", { turn_id: "t2", text: "x" })], both).notices).toHaveLength(2);
      expect(after([{ on: "dismiss", place: "page", code }], both).notices).toMatchObject([{ code: "other" }]);
    },
  );
});

describe("an unavailable server", () => {
  const unavailable = (turnId = "") =>
    said("error", { code: "unavailable", message: "Redis is away (with the same turn_id).", turn_id: turnId });

  it("is reported in the page's own words, because the page resends messages itself", () => {
    expect(after([unavailable("t")], OPEN).notices[0]?.text).toContain("sent as soon as possible");
    expect(after([unavailable()], OPEN).notices[0]?.text).toBe("Redis is away.");
  });

  it.each([
    ["turn_accepted", said("turn_accepted", { turn_id: "t", text: "x" })],
    ["model_settings", confirms({ model: "a" })],
    ["vad_detect_start", said("vad_detect_start", {})],
  ])("is available again after %s", (_, sign) => {
    expect(after([unavailable("t"), sign], OPEN).notices).toEqual([]);
  });
});
