import { describe, expect, it } from "vitest";

import { isComposing, sendsMessage } from "../src/ui/composing";

const ENTER = { key: "Enter", shiftKey: false, isComposing: false, keyCode: 13 };

describe("Enter in the composer", () => {
  it("sends the message", () => {
    expect(sendsMessage(ENTER)).toBe(true);
  });

  it.each([
    ["with Shift", { ...ENTER, shiftKey: true }],
    ["while an input method composes", { ...ENTER, isComposing: true }],
    ["while an input method composes, as Chrome reports it", { ...ENTER, isComposing: true, keyCode: 229 }],
    ["directly after compositionend in Safari", { ...ENTER, keyCode: 229 }],
    ["as another key", { ...ENTER, key: "a", keyCode: 65 }],
  ])("does not send it %s", (_, event) => {
    expect(sendsMessage(event)).toBe(false);
  });
});

describe("a key of an input method", () => {
  it("does not interrupt the characters", () => {
    expect(isComposing({ isComposing: false, keyCode: 229 })).toBe(true);
    expect(isComposing({ isComposing: false, keyCode: 27 })).toBe(false);
  });
});
