import { describe, expect, it } from "vitest";

import { castToSend, isCastKept, isTold } from "../src/talk/cast";
import { readPreferences } from "../src/talk/preferences";
import type { PageState } from "../src/talk/page-state";
import { OPEN, after, said } from "./page-inputs";

const table = ({ characters }: PageState) => characters.filter(({ active }) => active).map(({ id }) => id);
const seated = (...characters: readonly string[]) => said("cast", { characters, told: false });
const ALL_ACTIVE = said("cast", { characters: null, told: false });
const BEGUN = after([said("turn_accepted", { turn_id: "t", text: "Hello?", source: "typed" })], OPEN);

describe("the cast of a conversation", () => {
  it("is all active characters until the server says another one", () => {
    expect(table(OPEN)).toEqual(["luna", "rex"]);
    expect(table(after([ALL_ACTIVE], OPEN))).toEqual(["luna", "rex"]);
    expect(table(after([seated("rex")], OPEN))).toEqual(["rex"]);
  });

  it("has its own order; characters that are not at the table come last", () => {
    const state = after([seated("rex", "gone", "luna")], OPEN);
    expect(state.characters.map(({ id }) => id)).toEqual(["rex", "luna"]);
    expect(after([seated("rex")], OPEN).characters.map(({ id }) => id)).toEqual(["rex", "luna"]);
  });

  it("stays when the characters are read again, and is another one in another conversation", () => {
    const again = said("characters", { characters: [{ id: "rex", name: "Rex" }, { id: "luna", name: "Luna" }] });
    expect(table(after([seated("luna"), again], OPEN))).toEqual(["luna"]);
    const other = said("conversation_started", { conversation_id: "d", resumed: true });
    expect(table(after([seated("luna"), other], OPEN))).toEqual(["luna", "rex"]);
  });

  it("shows a change at once, and the server's cast if the change is refused or lost", () => {
    const changed = after([seated("luna", "rex"), { on: "cast_changed", change: { characters: ["rex"] } }], BEGUN);
    expect(table(changed)).toEqual(["rex"]);
    expect(table(after([seated("luna", "rex")], changed))).toEqual(["rex"]);
    expect(table(after([said("error", { code: "bad_field", message: "cast: no." })], changed))).toEqual(["luna", "rex"]);
    const lost = after([{ on: "link", phase: "waiting", reason: "", conversationId: "c" }], changed);
    expect(table(lost)).toEqual(["luna", "rex"]);
    expect(after([seated("rex")], changed).cast.pending).toEqual({});
  });

  it("is in a new conversation the one that was chosen last in this browser", () => {
    const state = after([{ on: "cast_remembered", ids: ["rex", "gone"] }, ALL_ACTIVE], OPEN);
    expect(table(state)).toEqual(["rex"]);
    expect(castToSend(state.shelf, state.cast)).toEqual(["rex"]);
    expect(isCastKept(state.cast)).toBe(false);
    const sent = after([{ on: "cast_changed", change: { characters: ["rex"] } }], state);
    expect(castToSend(sent.shelf, sent.cast)).toBeNull();
  });

  it("is not replaced in a conversation that has begun, or has a cast", () => {
    const begun = after([{ on: "cast_remembered", ids: ["rex"] }, ALL_ACTIVE], BEGUN);
    expect(table(begun)).toEqual(["luna", "rex"]);
    expect(castToSend(begun.shelf, begun.cast)).toBeNull();
    expect(isCastKept(begun.cast)).toBe(true);
    const own = after([{ on: "cast_remembered", ids: ["rex"] }, seated("luna")], OPEN);
    expect(table(own)).toEqual(["luna"]);
    expect(isCastKept(own.cast)).toBe(true);
  });

  it("is not the remembered one if none of its characters exists", () => {
    expect(table(after([{ on: "cast_remembered", ids: ["gone"] }, ALL_ACTIVE], OPEN))).toEqual(["luna", "rex"]);
  });

  it("says whether the characters are told what they missed", () => {
    const told = after([{ on: "cast_changed", change: { told: true } }], after([seated("rex")], BEGUN));
    expect(isTold(told.cast)).toBe(true);
    expect(isTold(after([said("cast", { characters: ["rex"], told: true })], BEGUN).cast)).toBe(true);
    expect(isTold(BEGUN.cast)).toBe(false);
  });

  it("is remembered in the browser", () => {
    expect(readPreferences('{"cast": ["rex", 7]}').cast).toEqual(["rex"]);
    expect(readPreferences("{}").cast).toBeNull();
  });
});
