import { describe, expect, it } from "vitest";

import { markdownSpans } from "../src/ui/markdown";

function shown(text: string): string {
  return markdownSpans(text)
    .map(({ start, end, style, href }) => {
      const part = text.slice(start, end);
      const name = [...style.split(" ").map((each) => each.replace("md-", "")), href].filter(Boolean).join(" ");
      return name ? `<${name}|${part}>` : part;
    })
    .join("");
}

describe("Markdown in a reply", () => {
  it.each([
    ["No marks at all.", "No marks at all."],
    ["**Hello Jay!** *smiles warmly* Well.", "<strong|Hello Jay!> <em|smiles warmly> Well."],
    ["__so__ and _so_, not snake_case_names", "<strong|so> and <em|so>, not snake_case_names"],
    ["**very *very* so**", "<strong|very ><strong em|very><strong| so>"],
    ["# Stars\nThey shine.", "<strong|Stars>\nThey shine."],
    ["Use `a * b * c`, not *this.", "Use <code|a * b * c>, not *this."],
    ["2 * 3 * 4 is 24; 2*3*4 too", "2 * 3 * 4 is 24; 2*3*4 too"],
    ["~~old~~ new", "<gone|old> new"],
    ["See [the map](https://a.example/x?y=1).", "See <https://a.example/x?y=1|the map>."],
    ["At https://a.example/b, now", "At <https://a.example/b|https://a.example/b>, now"],
    ["[no](javascript:alert(1))", "[no](javascript:alert(1))"],
    ["```js\nlet x = 1;\n```\nDone.", "<code|let x = 1;>\nDone."],
    ["**not closed", "**not closed"],
  ])("of %j is shown as %j", (text, expected) => {
    expect(shown(text)).toBe(expected);
  });

  it("of a long text without closing marks is shown as it is", () => {
    const text = "*a _b [d ~~e **f __g ".repeat(400);
    expect(shown(text)).toBe(text);
  });
});
