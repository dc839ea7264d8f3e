import { describe, expect, it } from "vitest";

import { isMatching } from "../src/ui/matching";

describe("A row", () => {
  it.each([
    ["", true],
    ["  ", true],
    ["mira", true],
    ["WATCH mira", true],
    ["miss", false],
    ["mira moon", false],
    ["zoe", true],
    ["ZOË", true],
  ])("is found by %j", (search, expected) => {
    expect(isMatching(search, "Mira", "A clockmaker. She repairs Zoë's watch.")).toBe(expected);
  });

  it("is found by a word in another script", () => {
    expect(isMatching("луна", "Луна")).toBe(true);
  });
});
