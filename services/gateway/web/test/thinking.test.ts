import { describe, expect, it } from "vitest";

import { statusLine } from "../src/talk/status-line";
import { ASKED, LUNA, OPEN, REX, SPOKEN, TEXT, after, chunk, said } from "./page-inputs";

const thinks = (who: typeof LUNA) => said("thinking", { ...who, turn_id: "t" });
const LUNA_THINKS = after([thinks(LUNA)], after([said("turn_accepted", { turn_id: "t", text: "Hello?" })], OPEN));

describe("a character whose model reasons", () => {
  it("is shown as thinking, with its name", () => {
    expect(LUNA_THINKS.thinking).toEqual({ turnId: "t", messageId: "m1", characterId: "luna", name: "Luna" });
    expect(statusLine(LUNA_THINKS)).toMatchObject({ mood: "thinking", text: "Luna is thinking", characterId: "luna" });
    expect(LUNA_THINKS.messages.filter((message) => message.kind === "reply")).toEqual([]);
  });

  it("gets its name from the list of characters if the event contains none", () => {
    const unnamed = said("thinking", { turn_id: "t", message_id: "m2", character_id: "rex" });
    expect(after([unnamed], OPEN).thinking?.name).toBe("Rex");
  });

  it("is shown as thinking again when the model is asked again", () => {
    const begun = [said("message_started", { ...LUNA, turn_id: "t" }), chunk("Hello")];
    const again = after([...begun, thinks(LUNA)], LUNA_THINKS);
    expect(again.thinking?.messageId).toBe("m1");
    expect(after([said("message_resumed", { ...LUNA, text: "Hello" })], again).thinking).toBeNull();
  });

  it("does not replace the speaking character in the status line", () => {
    const state = after([said("message_complete", { message_id: "m1", text: TEXT }), thinks(REX)], SPOKEN);
    expect(statusLine(state).text).toBe("Luna is speaking");
    expect(state.thinking?.name).toBe("Rex");
  });

  it.each([
    ["its message begins", said("message_started", { ...LUNA, turn_id: "t" })],
    ["its text arrives", chunk("Hello")],
    ["its message is complete", said("message_complete", { message_id: "m1", text: "" })],
    ["its turn is complete", said("turn_complete", { turn_id: "t" })],
    ["the user interrupts", said("interrupted")],
    ["the page stops the replies", { on: "cut" } as const],
    ["another turn begins", said("turn_accepted", { turn_id: "t2", text: "And?" })],
    ["its turn fails", said("error", { code: "llm_unavailable", message: "away", turn_id: "t" })],
    ["another conversation is opened", said("conversation_started", { conversation_id: "d" })],
  ])("is no longer shown as thinking when %s", (_, input) => {
    expect(after([input], LUNA_THINKS).thinking).toBeNull();
  });

  it.each([
    ["another reply", chunk("Bah.", REX)],
    ["another turn's end", said("turn_complete", { turn_id: "t0" })],
    ["an error of another turn", said("error", { code: "llm_auth", message: "key", turn_id: "t0" })],
    ["a warning", said("warning", { code: "reply_cut", message: "too long" })],
  ])("stays shown as thinking after %s", (_, input) => {
    expect(after([input], LUNA_THINKS).thinking).not.toBeNull();
  });

  it("is shown as thinking although the turn's replies are not known yet", () => {
    expect(statusLine(after([thinks(LUNA)], ASKED)).text).toBe("Luna is thinking");
  });
});
