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
    ["if it is another key", { ...ENTER, key: "a", keyCode: 65 }],
  ])("does not send the message %s", (_, event) => {
    expect(sendsMessage(event)).toBe(false);
  });
});

describe("isComposing", () => {
  it("is true for the key code of an input method, and false for Esc", () => {
    expect(isComposing({ isComposing: false, keyCode: 229 })).toBe(true);
    expect(isComposing({ isComposing: false, keyCode: 27 })).toBe(false);
  });
});
