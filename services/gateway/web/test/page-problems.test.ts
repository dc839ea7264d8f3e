import { describe, expect, it } from "vitest";

import { statusLine } from "../src/talk/status-line";
import { ASKED, OPEN, SPOKEN, after, changed, confirms, microphone, reply, said } from "./page-inputs";

describe("errors", () => {
  it.each([
    ["stt_failed", "talk"],
    ["llm_auth", "transcript"],
    ["llm_filtered", "transcript"],
    ["llm_tool_call", "transcript"],
    ["llm_refused", "transcript"],
    ["llm_no_text", "transcript"],
    ["no_characters", "transcript"],
    ["rate_limited", "composer"],
    ["unavailable", "page"],
  ])("with code %s appear at the %s", (code, place) => {
    expect(after([said("error", { code, message: "what to do" })], OPEN).notices).toMatchObject([
      { place, text: "what to do" },
    ]);
  });

  it("with a message id appear in the bubble of that reply", () => {
    const state = after([said("error", { code: "tts_failed", message: "no voice", message_id: "m1" })], SPOKEN);
    expect(reply(state, "m1").problem).toBe("no voice");
    expect(state.notices).toEqual([]);
  });

  it("with the same code appear once, and disappear with the next turn", () => {
    const twice = after(
      [said("error", { code: "llm_rate", message: "a" }), said("error", { code: "llm_rate", message: "b" })],
      OPEN,
    );
    expect(twice.notices).toHaveLength(1);
    expect(after([said("turn_accepted", { turn_id: "t2", text: "x" })], twice).notices).toEqual([]);
  });

  it("with a turn id end that turn", () => {
    const failed = after([said("error", { code: "llm_auth", message: "key", turn_id: "t" })], ASKED);
    expect(statusLine(failed).mood).toBe("idle");
  });
});

const tooLong = (name: string) =>
  said("warning", { code: "reply_cut", message: `${name}'s reply was too long.` });

describe("warnings", () => {
  const PAUSED = said("warning", {
    code: "writes_paused",
    message:
      "Redis has no memory left: nothing can be written just now. What you send now has to be sent again (with the same turn_id).",
  });
  const AWAY = { code: "unavailable", message: "Redis is away. Send it again in a moment (with the same turn_id)." };

  it("about paused writes show the cause and what the page does, until writes resume", () => {
    const paused = after([PAUSED], SPOKEN);
    expect(paused.notices).toMatchObject([{ place: "page", code: "writes_paused", serious: true }]);
    expect(paused.notices[0]?.text).toMatch(/^Redis has no memory left\. /);
    expect(paused.notices[0]?.text).not.toContain("turn_id");
    expect(statusLine(after([{ on: "cut" }], paused)).mood).toBe("offline");
    const resumed = after([{ on: "cut" }, said("warning", { code: "writes_resumed", message: "on" })], paused);
    expect(resumed.notices).toEqual([]);
    expect(statusLine(resumed).mood).toBe("idle");
  });

  it("with the same code in one turn are shown once for each character", () => {
    const state = after([tooLong("Luna"), tooLong("Rex"), tooLong("Luna")], SPOKEN);
    expect(state.notices.map(({ text }) => text)).toEqual(["Rex's reply was too long.", "Luna's reply was too long."]);
  });

  it("that writes are paused replace the errors of messages refused meanwhile", () => {
    const refused = said("error", { ...AWAY, turn_id: "t9" });
    expect(after([PAUSED, refused], OPEN).notices).toHaveLength(1);
    expect(after([refused, PAUSED], OPEN).notices).toMatchObject([{ code: "writes_paused" }]);
    expect(after([PAUSED, { on: "dismiss", place: "page" }, refused], OPEN).notices).toEqual([]);
  });

  it("that writes are paused do not hide that a settings change was refused", () => {
    const state = after([PAUSED, changed({ model: "b" }), said("error", AWAY)], OPEN);
    expect(state.pendingSettings).toEqual({});
    expect(state.notices).toMatchObject([{ code: "writes_paused" }, { place: "settings" }]);
  });

  it.each(["store_refused", "reply_cut", "reply_filtered", "model_setting_dropped", "lorebook_key", "voice_lacks_script", "voice_missing"])(
    "%s appears in the transcript until the next turn",
    (code) => {
      const state = after([said("warning", { code, message: "why" })], SPOKEN);
      expect(state.notices).toMatchObject([{ place: "transcript", text: "why", serious: false }]);
      expect(after([said("turn_accepted", { turn_id: "t2", text: "x" })], state).notices).toEqual([]);
    },
  );

  it.each(["store_lost", "store_unavailable", "newer_release", "a_later_one"])(
    "%s stays until it is dismissed",
    (code) => {
      const both = after(
        [said("warning", { code, message: "why" }), said("warning", { code: "other", message: "else" })],
        OPEN,
      );
      expect(after([said("turn_accepted", { turn_id: "t2", text: "x" })], both).notices).toHaveLength(2);
      const only = both.notices[0]!;
      expect(after([{ on: "dismiss", place: "page", only }], both).notices).toMatchObject([{ code: "other" }]);
    },
  );
});

const unavailable = (turnId = "") =>
  said("error", { code: "unavailable", message: "Redis is away (with the same turn_id).", turn_id: turnId });

describe("the error unavailable", () => {
  it("is shown with the page's own text, because the page sends messages again by itself", () => {
    expect(after([unavailable("t")], OPEN).notices[0]?.text).toContain("sent as soon as possible");
    expect(after([unavailable()], OPEN).notices[0]?.text).toBe("Redis is away.");
  });

  it.each([
    ["turn_accepted", said("turn_accepted", { turn_id: "t", text: "x" })],
    ["model_settings", confirms({ model: "a" })],
    ["the begin of listening", microphone("listening")],
  ])("is removed after %s", (_, sign) => {
    expect(after([unavailable("t"), sign], OPEN).notices).toEqual([]);
  });
});
