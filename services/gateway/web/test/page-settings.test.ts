import { describe, expect, it } from "vitest";

import { shownSettings } from "../src/talk/page-state";
import { ASKED, OPEN, after, changed, confirms, said } from "./page-inputs";

describe("the model's settings", () => {
  it("show a pending change until it is confirmed, also after the confirmation of an earlier change", () => {
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
