import { readFileSync } from "node:fs";

import { describe, expect, it } from "vitest";

import {
  type CardTexts,
  MAX_GREETINGS,
  MAX_TEXT_CHARS,
  NO_CARD_TEXTS,
  USED_CHARS,
  USED_GREETING_CHARS,
  changedTexts,
  countOf,
  lengthOf,
  savedPlace,
  withGreeting,
  withoutGreeting,
} from "../src/cards/card-texts";
import type { Character } from "../src/rest/api";
import { NO_SETTINGS } from "../src/ui/model-settings";
import { type CharacterFields, changesTo, draftOf, toSave } from "../src/ui/character-draft";

const MIRA: CardTexts = { ...NO_CARD_TEXTS, scenario: "A workshop.", greetings: ["Come in.", "You again!"] };

/** A number in a Python module. */
function bound(file: string, name: string): number {
  const source = readFileSync(new URL(file, new URL("../../../../", import.meta.url)), "utf8");
  return Number(new RegExp(`^${name}: Final = ([\\d_]+)$`, "mu").exec(source)?.[1]?.replaceAll("_", ""));
}

describe("what is saved of a card's texts", () => {
  it("is nothing if nothing was changed", () => {
    expect(changedTexts(MIRA, {})).toEqual({});
    expect(changedTexts(MIRA, { ...MIRA, greetings: [...MIRA.greetings] })).toEqual({});
    // A greeting that was added and stayed empty.
    expect(changedTexts(MIRA, { ...MIRA, greetings: [...MIRA.greetings, " "] })).toEqual({});
  });

  it("is what was changed, added or emptied", () => {
    expect(changedTexts(MIRA, { scenario: "", personality: "Patient." })).toEqual({
      scenario: "",
      personality: "Patient.",
    });
  });

  it("is all greetings if one was changed, added or removed", () => {
    expect(changedTexts(MIRA, withGreeting(MIRA, 1, "Back so soon?"))).toEqual({ greetings: ["Come in.", "Back so soon?"] });
    expect(changedTexts(MIRA, withoutGreeting(MIRA, 0))).toEqual({ greetings: ["You again!"] });
    expect(changedTexts(MIRA, { ...MIRA, greetings: ["", "Come in.", "You again!", "Sit."] })).toEqual({
      greetings: ["Come in.", "You again!", "Sit."],
    });
    expect(changedTexts(MIRA, { ...MIRA, greetings: [] })).toEqual({ greetings: [] });
  });

  it("is everything if it is not known what is saved", () => {
    expect(changedTexts(null, MIRA)).toEqual(MIRA);
  });
});

it("counts the texts and the greetings that are not empty", () => {
  expect(countOf(NO_CARD_TEXTS)).toBe(0);
  expect(countOf({ ...MIRA, personality: " ", greetings: ["Come in.", ""] })).toBe(2);
});

it("finds the place of a greeting in what is saved", () => {
  const texts = { ...MIRA, greetings: ["", "Come in.", " ", "You again!"] };
  expect([1, 3].map((at) => savedPlace(texts, at))).toEqual([0, 1]);
});

it("counts characters as the gateway does", () => {
  expect(lengthOf(" a🕰b ")).toBe(3);
});

describe("what the form of a character sends", () => {
  const draft = { ...draftOf(null), name: " Mira ", model_settings: { ...NO_SETTINGS, model: " " } };

  it("has no texts of a card unless one was changed", () => {
    expect(toSave(draft, MIRA)).toEqual({ ...draftOf(null), name: "Mira" });
    expect(toSave({ ...draft, card_texts: MIRA }, MIRA)).not.toHaveProperty("card_texts");
  });

  it("has the texts that were changed", () => {
    const card_texts = { personality: "", scenario: "A tower." };
    expect(toSave({ ...draft, card_texts }, MIRA).card_texts).toEqual({ scenario: "A tower." });
  });

  it("has only what was changed if the character exists", () => {
    const mira: Character = { ...draftOf(null), id: "m", name: "Mira", greetings: [] };
    const sent = (changed: Partial<CharacterFields>) => changesTo(mira, toSave({ ...draftOf(mira), ...changed }, MIRA));
    expect(sent({})).toEqual({});
    const model_settings = { ...NO_SETTINGS, temperature: 1 };
    expect(sent({ name: " Maja ", model_settings, card_texts: { scenario: "A tower." } })).toEqual({
      name: "Maja",
      model_settings,
      card_texts: { scenario: "A tower." },
    });
  });
});

describe("the bounds", () => {
  it("are those of the gateway", () => {
    expect(MAX_TEXT_CHARS).toBe(bound("services/gateway/src/tertulia_gateway/cards/character_texts.py", "MAX_TEXT_CHARS"));
    expect(MAX_GREETINGS).toBe(bound("shared/src/tertulia_shared/cards/card.py", "MAX_GREETINGS") + 1);
  });

  it("are those of prompts", () => {
    const prompts = "shared/src/tertulia_shared/cards/prompt_fields.py";
    const { post_history_instructions, ...others } = USED_CHARS;
    expect(new Set(Object.values(others))).toEqual(new Set([bound(prompts, "MAX_PART_CHARS")]));
    expect(post_history_instructions).toBe(bound(prompts, "MAX_POST_HISTORY_CHARS"));
    expect(USED_GREETING_CHARS).toBe(bound(prompts, "MAX_GREETING_CHARS"));
  });
});
