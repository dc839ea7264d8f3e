import { describe, expect, it } from "vitest";

import { changeMarks, versionsById } from "../src/talk/history-changes";
import type { PageState } from "../src/talk/page-state";
import { storedMessages } from "../src/talk/stored-messages";
import { canStop } from "../src/talk/status-line";
import { LUNA, OPEN, REX, after, chunk, said } from "./page-inputs";

const row = (id: string, fields: Record<string, unknown> = {}) => ({
  id,
  turn_id: `turn of ${id}`,
  role: "character" as const,
  character_id: "luna",
  character_name: "Luna",
  text: `text of ${id}`,
  status: "complete" as const,
  ...fields,
});
const mine = (id: string) => row(id, { turn_id: id, role: "user", character_id: null, character_name: "Jay" });
/** Two questions, each with a reply. */
const TALK = after(
  [
    {
      on: "stored",
      conversationId: "c",
      messages: storedMessages([mine("u1"), row("r1"), mine("u2"), row("r2")] as Parameters<typeof storedMessages>[0]),
      versions: [],
      usage: null,
    },
  ],
  OPEN,
);
const changed = (fields: Record<string, unknown>) => said("history_changed", { restored: [], versions: [], ...fields });
const ids = (state: PageState) => state.messages.map(({ id }) => id);
const marks = (state: PageState) => Object.fromEntries(changeMarks(state));
const versionsOf = (state: PageState, id: string) => versionsById(state.versions).get(id);

const EDITED = after(
  [{ on: "sent", turnId: "u3", text: "Better?", change: { messageId: "u2", extent: "from" } }],
  TALK,
);
const REPLACED = changed({
  turn_id: "u3",
  change: "replaced",
  message_id: "u3",
  removed: ["u2", "r2"],
  versions: [["u2", "u3"]],
});

describe("an edited message", () => {
  it("marks the old version and what followed it, until the server has replaced them", () => {
    expect(marks(EDITED)).toEqual({ u2: "changing", r2: "changing" });
    const accepted = after([said("turn_accepted", { turn_id: "u3", text: "Better?", source: "typed" })], EDITED);
    expect(marks(accepted)).toEqual({ u2: "changing", r2: "changing" });
    const done = after([REPLACED], accepted);
    expect(ids(done)).toEqual(["u1", "r1", "u3"]);
    expect(marks(done)).toEqual({});
    expect(versionsOf(done, "u3")).toEqual(["u2", "u3"]);
    expect(versionsOf(done, "u1")).toBeUndefined();
  });

  it("replaces nothing twice", () => {
    const once = after([REPLACED], EDITED);
    expect(after([REPLACED], once)).toEqual(once);
  });

  it("leaves everything as it was if the server does not know the old version, and says why", () => {
    const refused = after(
      [
        said("turn_accepted", { turn_id: "u3", text: "Better?", source: "typed" }),
        said("error", { code: "message_unknown", message: "It is gone.", turn_id: "u3" }),
      ],
      EDITED,
    );
    expect(marks(refused)).toEqual({});
    expect(ids(refused)).toEqual(["u1", "r1", "u2", "r2", "u3"]);
    expect(refused.messages.at(-1)).toMatchObject({ delivery: "refused" });
    expect(refused.notices).toMatchObject([{ place: "transcript", text: "It is gone." }]);
  });

  it("stays marked as long as the server cannot accept messages", () => {
    const later = after([said("error", { code: "unavailable", message: "Later.", turn_id: "u3" })], EDITED);
    expect(marks(later)).toEqual({ u2: "changing", r2: "changing" });
  });
});

it("a message that is taken back by voice becomes a version without text", () => {
  const spoken = after([said("turn_accepted", { turn_id: "u3", text: "Scratch that.", source: "spoken" })], TALK);
  const event = changed({
    turn_id: "u3",
    change: "replaced",
    message_id: "u3",
    removed: ["u2", "r2"],
    restored: [{ ...mine("u3"), text: "", versions: ["u2", "u3"] }],
    versions: [["u2", "u3"]],
  });
  const done = after([event], spoken);
  expect(ids(done)).toEqual(["u1", "r1", "u3"]);
  expect(done.messages.at(-1)).toMatchObject({ kind: "user", text: "" });
  expect(versionsOf(done, "u3")).toEqual(["u2", "u3"]);
});

describe("a reply that is made again", () => {
  const asked = after([{ on: "requested", turnId: "t3", change: { messageId: "r1", extent: "from" } }], TALK);
  const accepted = after([said("turn_accepted", { turn_id: "t3", text: "", source: "request" })], asked);
  const replaces = changed({
    turn_id: "t3",
    change: "replaced",
    message_id: "m2",
    removed: ["r1", "u2", "r2"],
    versions: [["r1", "m2"]],
  });

  it("takes the place of the old one when it begins, and keeps its versions", () => {
    const begun = after(
      [
        said("turn_started", { turn_id: "t3", replies: [REX] }),
        replaces,
        said("message_started", { ...REX, turn_id: "t3" }),
        chunk("Anew.", REX),
      ],
      accepted,
    );
    expect(ids(begun)).toEqual(["u1", "m2"]);
    expect(versionsOf(begun, "m2")).toEqual(["r1", "m2"]);
    const again = changed({
      turn_id: "t4",
      change: "replaced",
      message_id: "m3",
      removed: ["m2"],
      versions: [["r1", "m2", "m3"]],
    });
    expect(versionsOf(after([again], begun), "m2")).toEqual(["r1", "m2", "m3"]);
  });

  it.each([
    ["its turn ends", said("turn_complete", { turn_id: "t3" })],
    ["the model fails", said("error", { code: "llm_failed", message: "No answer.", turn_id: "t3" })],
    ["another turn begins", said("turn_accepted", { turn_id: "t4", text: "Hm", source: "typed" })],
  ])("leaves the old one if %s without a reply", (_, end) => {
    const ended = after([end], accepted);
    expect(ids(ended).slice(0, 4)).toEqual(["u1", "r1", "u2", "r2"]);
    expect(marks(ended)).toEqual({});
  });

  it("stops to be spoken when it leaves the table", () => {
    expect(after([replaces], { ...accepted, speakingId: "r2" }).speakingId).toBe("");
  });
});

it("a reply that is continued keeps its own place", () => {
  const asked = after([{ on: "requested", turnId: "t3", change: { messageId: "r1", extent: "after" } }], TALK);
  expect(marks(asked)).toEqual({ u2: "changing", r2: "changing" });
});

describe("a chosen version", () => {
  const chosen = changed({
    turn_id: "t4",
    change: "chosen",
    message_id: "u2",
    removed: ["u3"],
    restored: [mine("u2"), row("r2", { versions: ["r0", "r2"] })],
    versions: [["u2", "u3"]],
  });
  const before = after([REPLACED], EDITED);

  it("comes back with what followed it, and is announced", () => {
    const back = after(
      [
        { on: "changing", turnId: "t4", change: { messageId: "u3", extent: "from" } },
        said("turn_accepted", { turn_id: "t4", text: "", source: "change" }),
        chosen,
        said("turn_complete", { turn_id: "t4" }),
      ],
      before,
    );
    expect(ids(back)).toEqual(["u1", "r1", "u2", "r2"]);
    expect(versionsOf(back, "r2")).toEqual(["r0", "r2"]);
    expect(back.announcement).toBe("Version 1 of 2");
    expect([marks(back), canStop(back)]).toEqual([{}, false]);
    expect(ids(after([chosen], back))).toEqual(["u1", "r1", "u2", "r2"]);
  });

  it("comes before a message that is not sent yet", () => {
    const written = after([{ on: "sent", turnId: "u5", text: "And then?" }], before);
    expect(ids(after([chosen], written))).toEqual(["u1", "r1", "u2", "r2", "u5"]);
  });
});

describe("a deleted message", () => {
  const waiting = after([{ on: "deleting", ids: ["r1"] }], TALK);
  const sent = after(
    [
      { on: "deleting", ids: [] },
      { on: "changing", turnId: "t3", change: { messageId: "r1", extent: "only" } },
    ],
    waiting,
  );
  const removed = changed({ turn_id: "t3", change: "removed", message_id: "r1", removed: ["r1"] });

  it("can be brought back until the deletion is sent", () => {
    expect([marks(waiting), marks(sent)]).toEqual([{ r1: "undoable" }, { r1: "deleting" }]);
    expect(marks(after([{ on: "deleting", ids: [] }], waiting))).toEqual({});
  });

  it("goes alone, with all its versions", () => {
    const several = { ...sent, versions: [["r0", "r1"]] };
    const gone = after([removed], several);
    expect(ids(gone)).toEqual(["u1", "u2", "r2"]);
    expect([gone.versions, gone.announcement]).toEqual([[], ""]);
  });

  it("is announced if another page deleted it", () => {
    expect(after([removed], TALK).announcement).toBe("Message deleted.");
  });

  it("does not come back with the stored messages, which may be older than the event", () => {
    const early = after([removed], OPEN);
    const late = { on: "stored" as const, conversationId: "c", messages: TALK.messages, versions: [], usage: null };
    expect(ids(after([late], early))).toEqual(["u1", "u2", "r2"]);
  });
});

it("the stored messages complete a branch that is longer than the event, and keep their order", () => {
  const stored = { conversationId: "c", messages: TALK.messages, versions: [["u1", "u0"]], usage: null };
  const chosen = changed({ turn_id: "t4", change: "chosen", message_id: "u1", removed: ["x"], restored: [mine("u1")] });
  const partly = after([chosen, said("message_started", { ...LUNA, turn_id: "t5" })], OPEN);
  expect(ids(partly)).toEqual(["u1", "m1"]);
  const whole = after([{ on: "reloaded", ...stored }], partly);
  expect(ids(whole)).toEqual(["u1", "r1", "u2", "r2", "m1"]);
  expect(versionsOf(whole, "u1")).toEqual(["u1", "u0"]);
});
