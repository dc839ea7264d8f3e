import { describe, expect, it } from "vitest";

import { usageOf, usageText } from "../src/inside/usage";
import { OPEN, after, said } from "./page-inputs";

const metrics = (sum: unknown) => said("turn_metrics", { turn_id: "t", metrics: { conversation_usage: sum } });
const FIGURES = { prompt_tokens: 1_200, completion_tokens: 340, reasoning_tokens: 200, cost: 0.00214 };

describe("tokens and cost", () => {
  it.each([
    [FIGURES, "1,200 tokens read, 340 written (200 of them reasoning), cost 0.00214"],
    [{ prompt_tokens: 1_200, completion_tokens: 340 }, "1,200 tokens read, 340 written"],
    [{ completion_tokens: 340, reasoning_tokens: 0 }, "340 tokens written"],
    [{ prompt_tokens: 5, completion_tokens: 3, cost: 0 }, "5 tokens read, 3 written, cost 0"],
    [{ cost: 1.23456 }, "cost 1.23"],
  ])("are shown as one line of text: %j", (figures, text) => {
    expect(usageText(usageOf(figures)!)).toBe(text);
  });

  it.each([{}, null, undefined, "12", { prompt_tokens: "12" }, { cost: Number.NaN }, { cost: -1 }])(
    "are not shown if the server gave no figures: %j",
    (figures) => {
      expect(usageOf(figures)).toBeNull();
    },
  );

  it("of the conversation come from the newest sum that the server sent", () => {
    const stored = { on: "stored", conversationId: "c", messages: [], versions: [], usage: usageOf({ cost: 1 }) } as const;
    expect(after([stored], OPEN).usage?.cost).toBe(1);
    const counted = after([stored, metrics({ cost: 2 })], OPEN);
    expect(counted.usage?.cost).toBe(2);
    expect(after([metrics(null)], counted).usage?.cost).toBe(2);
    expect(after([metrics({ cost: 2 }), stored], OPEN).usage?.cost).toBe(2);
    expect(after([said("conversation_started", { conversation_id: "d" })], counted).usage).toBeNull();
  });
});
