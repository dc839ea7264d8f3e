import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { OUTBOX_MAX } from "../src/link/outbox";
import type { PageInput } from "../src/talk/page-reducer";
import { TurnSender } from "../src/talk/turn-sender";
import type { TurnCommand } from "../src/wire/commands";
import { ASKED, OPEN, after, said } from "./page-inputs";

function begun(state = OPEN, restorable: readonly TurnCommand[] = []) {
  const sent: TurnCommand[] = [];
  const shown: PageInput[] = [];
  const restored: PageInput[] = [];
  const problems: string[] = [];
  const kept: (readonly string[])[] = [];
  const sender = new TurnSender(
    {
      state: () => state,
      prepare: () => undefined,
      send: (command) => sent.push(command),
      begins: (input) => shown.push(input),
      restored: (input) => restored.push(input),
      unaccepted: (commands) => kept.push(commands.map(({ data }) => data.turn_id)),
      trouble: (code) => problems.push(code),
    },
    restorable,
  );
  const answer = (type: string, fields: Record<string, unknown>) => {
    const input = said(type, fields);
    if (input.on === "event") sender.onEvent(input.event);
  };
  return { sender, sent, shown, restored, problems, kept, answer };
}

function lost(turnId: string): TurnCommand {
  return { type: "user_message", data: { text: "Lost", turn_id: turnId } };
}

describe("TurnSender", () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it("sends a message with its address, and shows it under the same id", () => {
    const { sender, sent, shown } = begun();
    sender.say("Hello", null);
    sender.say("Hm", []);
    sender.say("You?", ["luna"]);
    const [first, second, third] = sent;
    expect(first?.data).toEqual({ text: "Hello", turn_id: expect.any(String) });
    expect(second?.data).toMatchObject({ text: "Hm", to: [] });
    expect(third?.data).toMatchObject({ text: "You?", to: ["luna"] });
    expect(shown).toMatchObject(sent.map(({ data }) => ({ on: "sent", turnId: data.turn_id })));
  });

  it("asks for replies without a message", () => {
    const { sender, sent, shown } = begun();
    sender.requestReply("rex");
    sender.requestReply("");
    sender.requestDiscussion();
    const turn_id = expect.any(String);
    expect(sent.map(({ data }) => data)).toEqual([{ turn_id, character_id: "rex" }, { turn_id }, { turn_id, replies: 6 }]);
    expect(shown).toMatchObject(sent.map(({ data }) => ({ on: "requested", turnId: data.turn_id })));
  });

  it("changes the history, and marks what leaves the table", () => {
    const { sender, sent, shown } = begun();
    sender.say("Better?", ["rex"], "u1");
    sender.makeAgain("r1", "");
    sender.makeAgain("r1", "rex");
    sender.continueReply("r1");
    sender.chooseVersion("r1", "r0");
    sender.deleteMessage("r1");
    const turn_id = expect.any(String);
    expect(sent).toEqual([
      { type: "user_message", data: { text: "Better?", turn_id, to: ["rex"], replaces: "u1" } },
      { type: "request_reply", data: { turn_id, replaces: "r1" } },
      { type: "request_reply", data: { turn_id, replaces: "r1", character_id: "rex" } },
      { type: "request_reply", data: { turn_id, after: "r1" } },
      { type: "choose_version", data: { turn_id, message_id: "r0" } },
      { type: "delete_message", data: { turn_id, message_id: "r1" } },
    ]);
    const extents = ["from", "from", "from", "after", "from", "only"];
    expect(shown).toMatchObject(sent.map(({ data }, index) => ({ turnId: data.turn_id, change: { extent: extents[index] } })));
    expect(shown[4]).toMatchObject({ on: "changing", change: { messageId: "r1" } });
  });

  it("asks for as many replies as the conversation's rule allows", () => {
    const { sender, sent } = begun(after([said("answering", { discussion: 3 })], OPEN));
    sender.requestDiscussion();
    expect(sent[0]?.data).toMatchObject({ replies: 3 });
  });

  it("sends again what the server has not accepted, with the same id", () => {
    const { sender, sent, answer } = begun();
    sender.say("Hello", null);
    sender.requestReply("rex");
    const [message, request] = sent;
    answer("error", { code: "unavailable", message: "wait", turn_id: request?.data.turn_id });
    expect(sent).toHaveLength(2);
    vi.runAllTimers();
    expect(sent.slice(2)).toEqual([message, request]);
    answer("turn_accepted", { turn_id: message?.data.turn_id, text: "Hello" });
    answer("error", { code: "no_characters", message: "none", turn_id: request?.data.turn_id });
    sender.resend();
    expect(sent).toHaveLength(4);
  });

  it("keeps what the user sends before the page knows what it depends on, and sends it once", () => {
    const { sender, sent, shown } = begun();
    sender.hold();
    sender.say("Hello", null);
    sender.resend();
    expect([sent.length, shown.length]).toEqual([0, 1]);
    sender.release();
    expect(sent).toMatchObject([{ type: "user_message", data: { text: "Hello" } }]);
    sender.say("Bye", null);
    expect(sent).toHaveLength(2);
  });

  it("says which commands the server has not accepted", () => {
    const { sender, sent, kept, answer } = begun();
    sender.say("Hello", null);
    sender.say("Bye", null);
    const [first, second] = sent.map(({ data }) => data.turn_id);
    answer("error", { code: "unavailable", message: "wait", turn_id: second });
    expect(kept).toEqual([[first], [first, second]]);
    answer("turn_accepted", { turn_id: first, text: "Hello" });
    answer("error", { code: "bad_field", message: "no", turn_id: second });
    expect(kept.slice(2)).toEqual([[second], []]);
    sender.say("Again", null);
    const before = kept.length;
    sender.leave();
    expect(kept).toHaveLength(before);
  });

  it("sends the messages again that were sent before a reload, when the stored messages are shown", () => {
    const kept: readonly TurnCommand[] = [
      { type: "user_message", data: { text: "Stored", turn_id: "t" } },
      { type: "user_message", data: { text: "Accepted", turn_id: "t2" } },
      { type: "user_message", data: { text: "Lost", turn_id: "t3", to: ["rex"], replaces: "u1" } },
    ];
    const run = begun(ASKED, kept);
    run.answer("turn_accepted", { turn_id: "t2", text: "Accepted" });
    run.sender.resend();
    run.sender.say("Later", null);
    expect(run.sent).toEqual([]);
    const later = run.shown[0]?.on === "sent" ? run.shown[0].turnId : "";
    expect(run.kept.at(-1)).toEqual(["t", "t3", later]);
    run.sender.restore();
    run.sender.restore();
    expect(run.sent.map(({ data }) => data.turn_id)).toEqual(["t3", later]);
    expect(run.sent[0]).toEqual(kept[2]);
    const change = { messageId: "u1", extent: "from" };
    expect(run.restored).toEqual([{ on: "sent", turnId: "t3", text: "Lost", to: ["rex"], change }]);
    expect(run.kept.at(-1)).toEqual(["t3", later]);
    run.sender.say("More", null);
    expect(run.sent).toHaveLength(3);
  });

  it("refuses a message while too many wait that were sent before a reload", () => {
    const kept = Array.from({ length: OUTBOX_MAX - 1 }, (_, index) => lost(`t${index}`));
    const { sender, sent, problems } = begun(OPEN, kept);
    expect(sender.say("Later", null)).toBe(true);
    expect(sender.say("Too many", null)).toBe(false);
    sender.restore();
    expect([sent.length, problems]).toEqual([OUTBOX_MAX, ["outbox"]]);
  });

  it("sends the messages of the conversation that is opened, and not of the one that was left", () => {
    const run = begun(OPEN, [lost("t3")]);
    run.sender.leave([lost("t4")]);
    run.sender.say("Later", null);
    run.sender.restore();
    expect(run.sent).toEqual([lost("t4"), expect.objectContaining({ type: "user_message" })]);
    run.sender.leave();
    run.sender.restore();
    expect(run.sent).toHaveLength(2);
  });

  it("refuses a message while too many wait", () => {
    const { sender, sent, problems } = begun();
    for (let index = 0; index < OUTBOX_MAX; index += 1) expect(sender.say("x", null)).toBe(true);
    expect(sender.say("y", null)).toBe(false);
    expect(problems).toEqual(["outbox"]);
    sender.leave();
    expect(sender.say("z", null)).toBe(true);
    expect(sent).toHaveLength(OUTBOX_MAX + 1);
  });
});
