import { describe, expect, it } from "vitest";

import { conversationInAddress } from "../src/talk/address";
import { pageTitle } from "../src/talk/page-title";
import { LUNA, after, chunk, heard, said } from "./page-inputs";

const OPEN = [
  { on: "link", phase: "live", reason: "", conversationId: "c" } as const,
  said("conversation_started", { conversation_id: "c" }),
];
const said100 = "Tell me everything that you know about the stars over our town tonight, please.";

describe("the title of the tab", () => {
  it("is the product's name before the first message", () => {
    expect(pageTitle(after(OPEN))).toBe("Tertulia");
  });

  it("says who speaks, and afterwards what the conversation is about", () => {
    const turn = [
      said("turn_accepted", { turn_id: "t", text: said100, source: "typed" }),
      said("message_started", { ...LUNA, turn_id: "t" }),
      chunk("Well."),
      heard("m1", 0, "started"),
    ];
    expect(pageTitle(after([...OPEN, ...turn]))).toBe("Luna is speaking – Tertulia");
    const over = [heard("m1", 0, "ended"), said("turn_complete", { turn_id: "t" })];
    expect(pageTitle(after([...OPEN, ...turn, ...over]))).toBe("Tell me everything that you know about… – Tertulia");
  });

  it("says that the connection is lost", () => {
    const lost = { on: "link", phase: "waiting", reason: "", conversationId: "c" } as const;
    expect(pageTitle(after([...OPEN, lost]))).toBe("Connection lost. Trying again – Tertulia");
  });
});

describe("the address", () => {
  const ID = "1660f35e-26b9-4ff6-ba2c-54354b2536ce";

  it.each([
    [`#/${ID}`, ID],
    ["", ""],
    ["#/rubbish", ""],
    [`#/${ID}/more`, ""],
  ])("%s names the conversation %s", (hash, id) => {
    expect(conversationInAddress(hash)).toBe(id);
  });
});
