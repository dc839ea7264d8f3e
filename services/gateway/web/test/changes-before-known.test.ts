import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { Changes } from "../src/talk/changes";
import type { PageInput } from "../src/talk/page-reducer";
import { PublishedState } from "../src/talk/published-state";
import { nameToSend } from "../src/talk/user-name";
import type { Command } from "../src/wire/commands";
import { after, said } from "./page-inputs";

const LIVE: PageInput = { on: "link", phase: "live", reason: "", conversationId: "c" };
const STARTED = said("conversation_started", { conversation_id: "c", resumed: true });
const CHARACTERS = said("characters", { characters: [{ id: "luna", name: "Luna" }, { id: "rex", name: "Rex" }] });
const CAST = said("cast", { characters: ["luna"], told: false });
const RULES = said("answering", { mode: "named", muted: ["luna"], discussion: 0, default_mode: "everyone" });

/** The changes of a page that has got these inputs, and what they send and remember. */
function changesAfter(inputs: readonly PageInput[]) {
  const page = new PublishedState(() => undefined);
  for (const input of inputs) page.applyNow(input);
  const sent: Command[] = [];
  const remembered: (readonly string[])[] = [];
  const changes = new Changes(page, {
    send: (command) => sent.push(command) > 0,
    rememberedName: () => "",
    rememberName: () => undefined,
    rememberedPersona: () => null,
    rememberPersona: () => undefined,
    rememberCast: (ids) => remembered.push(ids),
  });
  return { page, changes, sent, remembered };
}

describe("before the server has said what applies", () => {
  beforeEach(() => {
    vi.stubGlobal("document", { hidden: false });
    vi.stubGlobal("requestAnimationFrame", () => 0);
  });
  afterEach(() => vi.unstubAllGlobals());

  it.each([[[]], [[CHARACTERS]], [[CAST]]])("no list of seats is sent or remembered", (known) => {
    const { page, changes, sent, remembered } = changesAfter([LIVE, STARTED, ...known]);
    changes.seat("rex", true);
    expect([sent, remembered]).toEqual([[], []]);
    expect(page.current.notices).toMatchObject([{ place: "page", code: "cast" }]);
  });

  it("and afterwards, a seat is added to the others", () => {
    const { changes, sent } = changesAfter([LIVE, STARTED, CHARACTERS, CAST]);
    changes.seat("rex", true);
    expect(sent).toEqual([{ type: "cast", data: { characters: ["luna", "rex"] } }]);
  });

  it("no list of muted characters is sent", () => {
    const { page, changes, sent } = changesAfter([LIVE, STARTED, CHARACTERS, CAST]);
    changes.mute("rex", true);
    expect(sent).toEqual([]);
    expect(page.current.notices).toMatchObject([{ place: "composer", code: "answering" }]);
    page.applyNow(RULES);
    changes.mute("rex", true);
    expect(sent).toEqual([{ type: "answering", data: { muted: ["luna", "rex"] } }]);
  });

  it("the name given last in this browser does not replace that of a conversation with turns", () => {
    expect(nameToSend(after([LIVE, STARTED]), "Ana")).toBe("");
    const isNew = said("conversation_started", { conversation_id: "c", resumed: false });
    expect(nameToSend(after([LIVE, isNew]), "Ana")).toBe("Ana");
  });
});
