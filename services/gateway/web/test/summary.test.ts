import { describe, expect, it } from "vitest";

import { EMPTY } from "../src/talk/page-state";
import { type Summary, newestSummary } from "../src/talk/summary";
import { after, said } from "./page-inputs";

const at = (made_at: number, text = ""): Summary => ({ text, covers: 0, made_at, edited: false, off: false, usage: {} });

describe("summary", () => {
  it("is the one that was changed last", () => {
    expect(newestSummary(null, null)).toBeNull();
    expect(newestSummary(null, at(0))).toEqual(at(0));
    expect(newestSummary(at(1), at(3), null, at(2))).toEqual(at(3));
    expect(newestSummary(at(1, "first"), at(1, "second"))).toEqual(at(1, "first"));
  });

  it("of an event belongs to the conversation that is open", () => {
    const event = said("summary", { text: "They met.", covers: 40, made_at: 5, usage: { prompt_tokens: 7 } });
    const told = after([event], { ...EMPTY, conversationId: "c-1" }).summary;
    expect(told?.conversationId).toBe("c-1");
    expect(told?.summary).toMatchObject({ text: "They met.", covers: 40, made_at: 5, edited: false, off: false });
  });
});
