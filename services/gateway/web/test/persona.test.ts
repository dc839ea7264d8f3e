import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { shownNote } from "../src/talk/author-note";
import { Changes } from "../src/talk/changes";
import { canBeginTurn } from "../src/talk/first-turn";
import { type ChosenPersona, NO_PERSONA, personaToSend, shownPersona } from "../src/talk/persona";
import { readPreferences } from "../src/talk/preferences";
import { PublishedState } from "../src/talk/published-state";
import type { Command } from "../src/wire/commands";
import { OPEN, after, said } from "./page-inputs";

const ADA: ChosenPersona = { id: "p", name: "Ada" };
const BO: ChosenPersona = { id: "q", name: "Bo" };
const chosen = ({ id, name }: ChosenPersona) => said("persona", { persona_id: id, name, description: "" });
const noted = (text: string, depth = 4) => said("note", { text, depth });
const LOST = { on: "link", phase: "waiting", reason: "", conversationId: "c" } as const;
const NEW = after([chosen(NO_PERSONA), noted("")], OPEN);
const BEGUN = after([said("turn_accepted", { turn_id: "t", text: "Hello?", source: "typed" })], NEW);

describe("the persona", () => {
  it("is the conversation's; a new one has the persona that was chosen last in this browser", () => {
    expect(shownPersona(OPEN, ADA)).toEqual(NO_PERSONA);
    expect(shownPersona(NEW, ADA)).toEqual(ADA);
    expect(shownPersona(NEW, null)).toEqual(NO_PERSONA);
    expect(shownPersona(BEGUN, ADA)).toEqual(NO_PERSONA);
    expect(shownPersona(after([chosen(BO)], BEGUN), ADA)).toEqual(BO);
  });

  it("is sent before the first turn, once", () => {
    expect(personaToSend(NEW, ADA)).toEqual(ADA);
    expect(personaToSend(NEW, null)).toBeNull();
    expect(personaToSend(BEGUN, ADA)).toBeNull();
    expect(personaToSend(after([{ on: "persona_changed", persona: ADA }], NEW), ADA)).toBeNull();
    expect(personaToSend(after([chosen(BO)], NEW), ADA)).toBeNull();
  });

  it("is waited for before the first turn of a conversation", () => {
    const known = after([chosen(NO_PERSONA), said("cast", { characters: null, told: false })], OPEN);
    expect([OPEN, NEW, known].map(canBeginTurn)).toEqual([false, false, true]);
    const resumed = after([said("conversation_started", { conversation_id: "d", resumed: true })], OPEN);
    expect(canBeginTurn(resumed)).toBe(true);
  });

  it("is shown before the server confirms it, and not after a refusal or a lost connection", () => {
    const pending = after([chosen(BO), { on: "persona_changed", persona: ADA }], BEGUN);
    expect(shownPersona(pending, null)).toEqual(ADA);
    expect(shownPersona(after([chosen(BO)], pending), null)).toEqual(ADA);
    expect(after([chosen(ADA)], pending).persona).toEqual({ confirmed: ADA, pending: null });
    expect(shownPersona(after([LOST], pending), null)).toEqual(BO);
    for (const [message, text] of [
      ["persona: there is no persona p; …", "does not exist"],
      ["persona: a character is called Luna; rename the persona.", "called Luna."],
    ] as const) {
      const refused = after([said("error", { code: "bad_field", message })], pending);
      expect(shownPersona(refused, null)).toEqual(BO);
      expect(refused.notices).toMatchObject([{ place: "persona", text: expect.stringContaining(text) }]);
      expect(after([chosen(BO)], refused).notices).toEqual([]);
    }
    const unavailable = after([said("error", { code: "unavailable", message: "" })], pending);
    expect(unavailable.notices).toMatchObject([{ place: "persona" }]);
    expect(shownPersona(unavailable, null)).toEqual(BO);
  });

  it("is read from the preferences only if it is one", () => {
    expect(readPreferences('{"persona": {"id": "p", "name": "Ada", "x": 1}}').persona).toEqual(ADA);
    for (const stored of ["null", "7", '{"id": "p"}', '{"id": "", "name": "Ada"}']) {
      expect(readPreferences(`{"persona": ${stored}}`).persona).toBeNull();
    }
  });
});

describe("the author's note", () => {
  it("is the server's with the changes that are not confirmed", () => {
    expect(shownNote(OPEN.note)).toEqual({ text: "", depth: 4 });
    const changed = after([noted("It rains.", 2), { on: "note_changed", change: { depth: 0 } }], BEGUN);
    expect(shownNote(changed.note)).toEqual({ text: "It rains.", depth: 0 });
    expect(after([noted("It rains.", 0)], changed).note.pending).toEqual({});
    expect(shownNote(after([LOST], changed).note)).toEqual({ text: "It rains.", depth: 2 });
    const refused = after([said("error", { code: "unavailable", message: "" })], changed);
    expect(refused.notices).toMatchObject([{ place: "note" }]);
  });

  it("of a conversation without a turn survives a lost connection", () => {
    const changed = after([{ on: "note_changed", change: { text: "It rains." } }, LOST], NEW);
    expect(shownNote(changed.note).text).toBe("It rains.");
  });
});

describe("changes of the persona and the note", () => {
  beforeEach(() => {
    vi.stubGlobal("document", { hidden: false });
    vi.stubGlobal("requestAnimationFrame", () => 0);
  });
  afterEach(() => vi.unstubAllGlobals());

  it.each([true, false])("wait for the first turn of a conversation (new: %s)", (isNew) => {
    const sent: Command[] = [];
    const page = new PublishedState(() => undefined);
    const inputs = [
      { on: "link", phase: "live", reason: "", conversationId: "c" } as const,
      said("conversation_started", { conversation_id: "c" }),
      chosen(NO_PERSONA),
      noted(""),
      ...(isNew ? [] : [said("turn_accepted", { turn_id: "t", text: "Hello?", source: "typed" })]),
    ];
    for (const input of inputs) page.applyNow(input);
    let remembered: ChosenPersona | null = null;
    const changes = new Changes(page, {
      send: (command) => sent.push(command) > 0,
      rememberedName: () => "",
      rememberName: () => undefined,
      rememberedPersona: () => remembered,
      rememberPersona: (persona) => (remembered = persona),
      rememberCast: () => undefined,
    });
    const both: readonly Command[] = [
      { type: "persona", data: { persona_id: "p" } },
      { type: "note", data: { text: "It rains." } },
    ];
    expect(changes.persona(ADA)).toBe(true);
    expect(changes.note({ text: "It rains." })).toBe(true);
    expect(sent).toEqual(isNew ? [] : both);
    changes.sendRemembered();
    expect(sent).toEqual(both);
    expect(remembered).toEqual(ADA);
  });
});
