import { describe, expect, it } from "vitest";

import { statusLine } from "../src/talk/status-line";
import { addressText, idsOf, present } from "../src/ui/addressee";
import { People } from "../src/ui/people";
import { popoverPosition } from "../src/ui/popover-position";
import { reasonText } from "../src/ui/reasons";
import { seatState } from "../src/ui/seat-state";
import { ASKED, LUNA, OPEN, REX, after, chunk, heard, said } from "./page-inputs";

const PLANNED = after(
  [
    said("turn_started", {
      turn_id: "t",
      replies: [
        { ...LUNA, reason: "named" },
        { ...REX, reason: "of_a_newer_server" },
      ],
    }),
  ],
  ASKED,
);
const words = (state: typeof OPEN) => ["luna", "rex", "sage", "ivy"].map((id) => at(state, id).words);
const at = (state: typeof OPEN, id: string) => seatState(state, id, statusLine(state));

describe("a seat", () => {
  it("says who thinks, speaks and comes next, and why", () => {
    expect(at(PLANNED, "luna")).toEqual({ kind: "thinking", words: "", why: "Answers because you named it" });
    expect(at(PLANNED, "rex")).toEqual({ kind: "next", words: "next", why: "" });
    const spoken = after(
      [said("message_started", { ...LUNA, turn_id: "t" }), chunk("Hello. "), heard("m1", 0, "started")],
      after([said("turn_started", { turn_id: "t", replies: [{ ...LUNA, reason: "chosen" }, REX] })], OPEN_TURN),
    );
    expect(at(spoken, "luna")).toMatchObject({ kind: "speaking", why: "Answers because you named no one, and it joins in" });
    expect(at(spoken, "rex").kind).toBe("next");
    const elsewhere = after([{ on: "link", phase: "replaced", reason: "", conversationId: "c" }], spoken);
    expect(at(elsewhere, "luna").kind).toBe("present");
    expect(at(OPEN, "luna")).toEqual({ kind: "present", words: "", why: "" });
  });

  it("counts the characters that come after the next one", () => {
    const [sage, ivy] = ["sage", "ivy"].map((id) => ({ message_id: `m-${id}`, character_id: id, character_name: id }));
    const planned = after([said("turn_started", { turn_id: "t", replies: [LUNA, REX, sage, ivy] })], OPEN_TURN);
    expect(words(planned)).toEqual(["", "next", "2", "3"]);
    const spoken = after(
      [said("message_started", { ...LUNA, turn_id: "t" }), chunk("Hello. "), heard("m1", 0, "started")],
      planned,
    );
    expect(words(spoken)).toEqual(["", "next", "2", "3"]);
  });

  it.each(["named", "everyone", "follow_up", "chosen", "in_turn", "asked", "goes_on", "discussion"])(
    "has words for the reason %s",
    (reason) => {
      expect(reasonText(reason)).not.toBe("");
    },
  );

  it.each(["", "of_a_newer_server", "constructor"])("has no words for the reason %j", (reason) => {
    expect(reasonText(reason)).toBe("");
  });
});

const OPEN_TURN = after([said("turn_accepted", { turn_id: "t", text: "It rains.", source: "typed" })], OPEN);

describe("the addressee of a message", () => {
  const people = new People([
    { id: "luna", name: "Luna", voice: "", image: "", active: true },
    { id: "rex", name: "Rex", voice: "", image: "", active: false },
  ], new Map());

  it("is sent as a list of ids", () => {
    expect(idsOf("")).toBeNull();
    expect(idsOf("nobody")).toEqual([]);
    expect(idsOf("luna")).toEqual(["luna"]);
  });

  it("is decided by the text again if the chosen character is gone", () => {
    expect(["", "nobody", "luna", "rex", "gone"].map((to) => present(to, people))).toEqual(["", "nobody", "luna", "", ""]);
  });

  it("is shown by name", () => {
    expect(addressText(null, people)).toBe("");
    expect(addressText([], people)).toBe("to no one");
    expect(addressText(["luna", "gone"], people)).toBe("to Luna, someone");
  });
});

describe("the position of a popover", () => {
  const viewport = { width: 390, height: 800 };

  it("is above a button in the lower half and below one in the upper half", () => {
    const low = popoverPosition({ left: 12, right: 112, top: 700, bottom: 740 }, viewport, 300, "start");
    expect(low).toEqual({ left: 12, width: 300, maxHeight: 684, top: null, bottom: 108 });
    const high = popoverPosition({ left: 12, right: 112, top: 60, bottom: 100 }, viewport, 300, "start");
    expect(high).toMatchObject({ top: 108, bottom: null, maxHeight: 684 });
  });

  it.each([
    [{ left: 12, right: 112 }, 120],
    [{ left: 278, right: 378 }, 70],
    [{ left: 145, right: 245 }, 95],
  ])("is beside the button %j if its content is too high for the space above and below", (sides, left) => {
    const button = { ...sides, top: 380, bottom: 420 };
    const fits = popoverPosition(button, viewport, 200, "centre", 364);
    expect(fits).toMatchObject({ top: 428, maxHeight: 364 });
    expect(popoverPosition(button, viewport, 200, "centre", 365)).toMatchObject({ left, top: 380, maxHeight: 784 });
    expect(popoverPosition(button, viewport, 200, "centre", 500)).toMatchObject({ left, top: 292 });
    expect(popoverPosition(button, viewport, 200, "centre", 2_000)).toMatchObject({ left, top: 8, maxHeight: 784 });
  });

  it.each([
    [{ left: 180, right: 220 }, 100, "centre", 150],
    [{ left: 0, right: 40 }, 100, "centre", 8],
    [{ left: 350, right: 390 }, 100, "centre", 282],
    [{ left: 350, right: 390 }, 100, "start", 282],
    [{ left: 180, right: 220 }, 1_000, "centre", 8],
  ] as const)("stays within the viewport: %j %i %s", (sides, widest, align, left) => {
    const position = popoverPosition({ ...sides, top: 0, bottom: 40 }, viewport, widest, align);
    expect(position.left).toBe(left);
    expect(position.left + position.width).toBeLessThanOrEqual(382);
  });
});
