import { describe, expect, it } from "vitest";

import { sentenceSpan } from "../src/talk/sentences";
import type { Reply } from "../src/talk/page-state";

function sentence(
  text: string,
  sentenceEnds: readonly number[],
  index: number,
  status: Reply["status"] = "complete",
): string | null {
  const span = sentenceSpan({ text, sentenceEnds, status }, index);
  return span && text.slice(span.start, span.end);
}

describe("sentenceSpan", () => {
  const text = "Hello there. How are you? Fine";

  it.each([
    [0, "Hello there. "],
    [1, "How are you? "],
    [2, "Fine"],
  ])("finds sentence %i while the last one is being written", (index, expected) => {
    expect(sentence(text, [13, 26], index, "streaming")).toBe(expected);
  });

  it("adds text after the last sentence end to the last sentence once the reply is complete", () => {
    expect(sentence("Good. Then go. 🙂", [6, 15], 1)).toBe("Then go. 🙂");
    expect(sentence("Good. Then go. 🙂", [6, 15], 2)).toBe("Then go. 🙂");
  });

  it("counts sentence ends in code points, as the server does", () => {
    expect(sentence("🙂🙂 Hi. So.", [7, 10], 1)).toBe("So.");
  });

  it.each(["streaming", "complete"] as const)("takes a %s text without sentence ends for one sentence", (status) => {
    expect(sentence(text, [], 0, status)).toBe(text);
    expect(sentence(text, [], 2, status)).toBe(text);
  });

  it("returns no span before the first sentence", () => {
    expect(sentence(text, [13, 26], -1)).toBeNull();
  });
});
