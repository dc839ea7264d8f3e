import { describe, expect, it } from "vitest";

import { sentencesOf } from "../src/talk/sentences";

const cut = (text: string) => sentencesOf(text).map(({ start, end }) => text.slice(start, end));

describe("sentencesOf", () => {
  it.each([
    ["plain sentences", ["Hello there. ", "How are you? ", "Fine!"]],
    ["several marks", ["What?! ", "No… ", "Really!! ", "Yes."]],
    ["titles and initials", ["Dr. Smith met J. R. Tolkien at St. Mary. ", "They talked."]],
    ["numbers", ["It costs 3.14 euros, see no. 5 at 10.30. ", "Cheap."]],
    ["times before a beginning", ["He came at 5 p.m. ", "She stayed."]],
    ["times inside", ["He came at 5 p.m. sharp and left."]],
    ["an ellipsis inside", ["Well... maybe I should. ", "Yes."]],
    ["quotations", ['"Go!" he said. ', "Then he went."]],
    ["line ends", ["First\n", "Second\n", "Third"]],
    ["list numbers", ["1. Wash it.\n", "2. Dry it."]],
    ["scripts without spaces", ["今日はいい天気。", "散歩しよう！", "はい"]],
    ["what cannot be spoken, with the sentence after it", ["Good. ", "🙂 Then go."]],
    ["what cannot be spoken at the end, with the one before", ["Good. 🙂"]],
    ["a long first sentence, at its comma", ["When I was on the roof until two this morning, ", "the moon came up behind the tower."]],
    ["a long later sentence, whole", ["Yes. ", "When I was on the roof until two this morning, the moon came up behind the tower."]],
  ])("finds %s", (_, sentences) => {
    expect(cut(sentences.join(""))).toEqual(sentences);
  });

  it("covers the text from its start to its end, without holes", () => {
    const text = "Oh! Well, 3.5 of them… *smiles* Dr. No said: «Yes.» And\n\nthen — nothing at all. ".repeat(8);
    expect(cut(text).join("")).toBe(text);
  });

  it("cuts what has no end", () => {
    const spans = sentencesOf("word ".repeat(400));
    expect(spans.length).toBeGreaterThan(5);
    expect(spans.every(({ start, end }) => end - start <= 301)).toBe(true);
  });

  it("has none where nothing can be spoken", () => {
    expect(sentencesOf("")).toEqual([]);
    expect(sentencesOf("*** 🙂")).toEqual([]);
  });
});
