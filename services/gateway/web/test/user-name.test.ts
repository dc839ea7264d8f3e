import { describe, expect, it, vi } from "vitest";

import { hasBegun, isSameName, nameProblem, nameToSend, shownName } from "../src/talk/user-name";
import { showLanguage, texts } from "../src/texts";
import { ASKED, OPEN, after, said } from "./page-inputs";

const named = (name: string) => said("user_name", { name, default_name: "Jay" });
const refused = { code: "bad_field", message: "user_name: a character is called Luna; take another name." };

describe("the user's name", () => {
  it("is the conversation's, or the one given last in this browser, or the server's default", () => {
    expect(shownName(OPEN, "")).toBe("");
    expect(shownName(after([named("")], OPEN), "")).toBe("Jay");
    expect(shownName(after([named("")], OPEN), "Ana")).toBe("Ana");
    expect(shownName(after([named("Bo")], OPEN), "Ana")).toBe("Bo");
    expect(shownName(after([named("")], ASKED), "Ana")).toBe("Jay");
  });

  it("is sent before the first turn of a conversation, also if that turn waits for the connection", () => {
    const open = after([named("")], OPEN);
    expect(nameToSend(open, "Ana")).toBe("Ana");
    expect(nameToSend(after([{ on: "sent", turnId: "t", text: "Hello?" }], open), "Ana")).toBe("Ana");
    expect(nameToSend(open, "")).toBe("");
    expect(nameToSend(open, "Jay")).toBe("");
    expect(nameToSend(open, "luna")).toBe("");
    expect(nameToSend(after([named("Bo")], OPEN), "Ana")).toBe("");
    expect(nameToSend(after([{ on: "name_changed", name: "Ana" }], open), "Ana")).toBe("");
    expect(nameToSend(after([named("")], ASKED), "Ana")).toBe("");
  });

  it("is shown before the server confirms it, and not after a refusal or a lost connection", () => {
    const pending = after([named("Bo"), { on: "name_changed", name: "Ana" }], OPEN);
    expect(shownName(pending, "")).toBe("Ana");
    expect(after([named("Ana")], pending).userName).toEqual({ own: "Ana", defaultName: "Jay", pending: null });
    expect(shownName(after([named("Bo")], pending), "")).toBe("Ana");
    const undone = after([said("error", refused)], pending);
    expect(shownName(undone, "")).toBe("Bo");
    expect(undone.notices).toMatchObject([{ place: "name", text: expect.stringContaining("called Luna.") }]);
    expect(after([{ on: "name_changed", name: "Eva" }], undone).notices).toEqual([]);
    const lost = after([{ on: "link", phase: "waiting", reason: "", conversationId: "c" }], pending);
    expect(shownName(lost, "")).toBe("Bo");
  });

  it("is refused in the page's language, or in the server's words", async () => {
    vi.stubGlobal("document", { documentElement: {} });
    await showLanguage("de");
    const pending = after([{ on: "name_changed", name: "Lu\u202ena" }], OPEN);
    const shown = (message: string) => after([said("error", { code: "bad_field", message })], pending).notices[0]?.text;
    expect(shown(refused.message)).toBe(texts.userName.taken("Luna"));
    expect(shown("user_name: `name` contains U+202E RIGHT-TO-LEFT OVERRIDE, …")).toContain("(U+202E)");
    expect(shown("user_name: something new.")).toBe("Something new.");
    await showLanguage("en");
    vi.unstubAllGlobals();
  });

  it("belongs to one conversation", () => {
    const other = after([said("conversation_started", { conversation_id: "d" })], after([named("Bo")], OPEN));
    expect(other.userName.own).toBe("");
    expect(hasBegun(other)).toBe(false);
    expect(hasBegun(after([named("Bo")], OPEN))).toBe(true);
    expect(hasBegun(ASKED)).toBe(true);
  });

  it("is checked beside the field", () => {
    const characters = [{ name: "Frau Müller" }];
    for (const good of ["Ana", " Zoë ", "小林", "x".repeat(40), "Frau Müllerin"]) expect(nameProblem(good, characters)).toBe("");
    expect(nameProblem(" ", characters)).toContain("Enter a name");
    expect(nameProblem("x".repeat(41), characters)).toContain("40");
    for (const bad of ["<b>", "a\u0007", "a\nb"]) expect(nameProblem(bad, characters)).toContain("Leave out");
    expect(nameProblem("!?", characters)).toContain("letter");
    expect(nameProblem("frau  müller", characters)).toContain("called Frau Müller");
    expect(isSameName("ＡＮＡ", " ana ")).toBe(true);
  });
});
