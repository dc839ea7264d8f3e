import { describe, expect, it } from "vitest";

import { isMuted, muting, shownMode, shownRules } from "../src/talk/answering";
import type { PageInput } from "../src/talk/page-reducer";
import type { PageState } from "../src/talk/page-state";
import { canGoOn, canStop, statusLine } from "../src/talk/status-line";
import type { AnsweringChange } from "../src/wire/commands";
import { ASKED, LUNA, OPEN, SPOKEN, after, heard, reply, said } from "./page-inputs";

const rules = (fields: Record<string, unknown>) => said("answering", { default_mode: "fitting", ...fields });
const change = (of: AnsweringChange): PageInput => ({ on: "answering_changed", change: of });
const sent = (to: readonly string[] | null): PageInput => ({ on: "sent", turnId: "u", text: "It rains.", to });
const accepted = said("turn_accepted", { turn_id: "u", text: "It rains.", source: "typed" });
const requested: PageInput = { on: "requested", turnId: "u" };
const requestAccepted = said("turn_accepted", { turn_id: "u", text: "", source: "request" });
const unansweredIn = (state: PageState) =>
  state.messages.filter((message) => message.kind === "user" && message.unanswered).map(({ id }) => id);

describe("the rules of who answers", () => {
  it("are those of the server, and its default where no mode is set", () => {
    expect(shownMode(OPEN.answering)).toBeNull();
    expect(shownRules(OPEN.answering)).toEqual({ mode: null, muted: [], discussion: 0 });
    const { answering } = after([rules({ mode: null, muted: ["rex"], discussion: 3 })], OPEN);
    expect(shownMode(answering)).toBe("fitting");
    expect(shownRules(answering)).toEqual({ mode: null, muted: ["rex"], discussion: 3 });
    expect(shownMode(after([rules({ mode: "in_turn" })], OPEN).answering)).toBe("in_turn");
  });

  it("treat a mode of a newer server as unknown", () => {
    expect(shownMode(after([rules({ mode: "by_lot", default_mode: "by_lot" })], OPEN).answering)).toBeNull();
  });

  it("show a pending change until it is confirmed, also after the confirmation of an earlier change", () => {
    const pending = after([rules({}), change({ muted: ["rex"] }), change({ muted: ["rex", "luna"] })], OPEN);
    expect(isMuted(pending.answering, "luna")).toBe(true);
    const earlier = after([rules({ muted: ["rex"] })], pending);
    expect(isMuted(earlier.answering, "luna")).toBe(true);
    const confirmed = after([rules({ muted: ["rex", "luna"] })], earlier);
    expect(confirmed.answering.pending).toEqual({});
    expect(isMuted(after([rules({ muted: [] })], confirmed).answering, "luna")).toBe(false);
  });

  it("mute and unmute one character, and keep the others", () => {
    const { answering } = after([rules({ muted: ["rex"] })], OPEN);
    expect(muting(answering, "luna", true)).toEqual({ muted: ["rex", "luna"] });
    expect(muting(answering, "rex", true)).toEqual({ muted: ["rex"] });
    expect(muting(answering, "rex", false)).toEqual({ muted: [] });
  });

  it("drop a change that the server refuses, with a notice at the text input", () => {
    const refused = after(
      [rules({ mode: "named" }), change({ mode: "everyone" }), said("error", { code: "bad_field", message: "no" })],
      OPEN,
    );
    expect(shownMode(refused.answering)).toBe("named");
    expect(refused.notices).toMatchObject([{ place: "composer", text: "no" }]);
  });

  it("drop unconfirmed changes when the connection is lost, and all rules when another conversation begins", () => {
    const pending = after([rules({ mode: "named" }), change({ mode: "everyone" })], OPEN);
    const lost = after([{ on: "link", phase: "waiting", reason: "", conversationId: "c" }], pending);
    expect(shownMode(lost.answering)).toBe("named");
    const other = after([said("conversation_started", { conversation_id: "d" })], pending);
    expect(other.answering.confirmed).toBeNull();
  });
});

describe("a turn that is requested without a message", () => {
  it("has no bubble, and shows that a reply is awaited from the click on", () => {
    const waiting = after([requested], OPEN);
    expect(statusLine(waiting).mood).toBe("thinking");
    const begun = after([requestAccepted], waiting);
    expect(begun.requestedTurn).toBe("");
    expect(begun.messages).toEqual([]);
    expect(statusLine(begun).mood).toBe("thinking");
    const planned = after([said("turn_started", { turn_id: "u", replies: [LUNA] })], begun);
    expect(statusLine(planned).text).toBe("Luna is thinking");
  });

  it.each([
    ["no_characters", ""],
    ["bad_field", ""],
    ["unavailable", "u"],
  ])("is awaited no longer after the error %s, unless it is sent again", (code, requestedTurn) => {
    const failed = after([requested, said("error", { code, message: "no", turn_id: "u" })], OPEN);
    expect(failed.requestedTurn).toBe(requestedTurn);
  });

  it("keeps the reason of each reply", () => {
    const replies = [{ ...LUNA, reason: "asked" }];
    const state = after(
      [requestAccepted, said("turn_started", { turn_id: "u", replies }), said("message_started", { ...LUNA, turn_id: "u" })],
      OPEN,
    );
    expect(reply(state, "m1").reason).toBe("asked");
    expect(reply(SPOKEN, "m1").reason).toBe("");
  });
});

describe("a turn that no character answers", () => {
  const nobody = [accepted, said("turn_started", { turn_id: "u", replies: [] }), said("turn_complete", { turn_id: "u" })];

  it("is marked if only named characters answer", () => {
    const state = after([rules({ mode: "named" }), sent(null), ...nobody], OPEN);
    expect(unansweredIn(state)).toEqual(["u"]);
    expect(state.announcement).toContain("Only named characters answer");
    expect(statusLine(state).text).toBe("Ready when you are");
    expect(canStop(state)).toBe(false);
  });

  it("is marked if all characters are muted, whatever the mode", () => {
    const state = after([rules({ muted: ["luna", "rex"] }), sent(null), ...nobody], OPEN);
    expect(unansweredIn(state)).toEqual(["u"]);
    expect(state.announcement).toContain("All characters are muted");
  });

  it.each<[string, PageInput[]]>([
    ["it is addressed to no character", [rules({ mode: "named" }), sent([])]],
    ["the text decides by another rule", [rules({}), sent(null)]],
    [
      "no character is at the table",
      [rules({ mode: "named" }), said("characters", { characters: [{ id: "luna", name: "Luna", active: false }] })],
    ],
  ])("is not marked if %s", (_, before) => {
    const state = after([...before, ...nobody], OPEN);
    expect(unansweredIn(state)).toEqual([]);
    expect(statusLine(state).text).toBe("Ready when you are");
  });

  it("is not marked if it only asks to be quiet", () => {
    const quiet = [
      accepted,
      said("turn_started", { turn_id: "u", replies: [], quiet: true }),
      said("turn_complete", { turn_id: "u" }),
    ];
    const state = after([rules({ mode: "named" }), sent(null), ...quiet], OPEN);
    expect(unansweredIn(state)).toEqual([]);
    expect(state.announcement).toBe("");
  });

  it("keeps to whom it was addressed", () => {
    expect(after([sent([]), accepted], OPEN).messages).toMatchObject([{ to: [], delivery: "safe" }]);
    expect(after([accepted], OPEN).messages).toMatchObject([{ to: null }]);
  });
});

describe("the buttons after the last reply", () => {
  const DONE = after(
    [
      said("turn_started", { turn_id: "t", replies: [LUNA] }),
      said("message_complete", { message_id: "m1", text: "Hello there." }),
      said("turn_complete", { turn_id: "t" }),
      heard("m1", 1, "ended"),
    ],
    SPOKEN,
  );

  it("are shown only while nothing is said, written or requested", () => {
    expect(canGoOn(DONE)).toBe(true);
    for (const state of [
      OPEN,
      ASKED,
      SPOKEN,
      after([requested], DONE),
      after([sent(null)], DONE),
      after([{ on: "link", phase: "waiting", reason: "", conversationId: "c" }], DONE),
    ])
      expect(canGoOn(state)).toBe(false);
  });

  it("are shown after an interruption", () => {
    expect(canGoOn(after([{ on: "cut" }], SPOKEN))).toBe(true);
  });
});
