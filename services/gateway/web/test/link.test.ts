import { describe, expect, it } from "vitest";

import {
  type Effect,
  type Input,
  type LinkState,
  OFF,
  RETRY_DELAY,
  RETRY_DELAY_WHEN_FULL,
  step,
} from "../src/link/state-machine";
import { OUTBOX_MAX, Outbox } from "../src/link/outbox";
import { positionQuery } from "../src/link/url";
import type { LastAudio, TurnCommand } from "../src/wire/commands";
import { parseEvent, type ServerEvent } from "../src/wire/events";

const A = "conversation-a";

function event(type: string, fields: Record<string, unknown> = {}, id = ""): Input {
  return { on: "event", event: parseEvent(JSON.stringify({ type, ...fields, event_id: id })) as ServerEvent };
}

const started = (id: string, resumed: boolean, eventId = "") =>
  event("conversation_started", { conversation_id: id, resumed }, eventId);
const chunk = (id: string) => event("turn_complete", { turn_id: "t" }, id);
const dialled = (conversationId: string, lastEventId = "", lastAudio: LastAudio | null = null): Effect => ({
  do: "connect",
  at: { conversationId, lastEventId, lastAudio },
});
const lost: Input = { on: "socket_closed", code: 1006, reason: "" };

function run(
  inputs: readonly Input[],
  from: LinkState = OFF,
  random = 0,
): { state: LinkState; effects: Effect[]; last: readonly Effect[] } {
  let state = from;
  const effects: Effect[] = [];
  let last: readonly Effect[] = [];
  for (const input of inputs) {
    [state, last] = step(state, input, random);
    effects.push(...last);
  }
  return { state, effects, last };
}

const LIVE = run([{ on: "connect", conversationId: "" }, { on: "socket_opened" }, started(A, false, "1-0")]);

function waits(random: number): number[] {
  let { state } = run([lost], LIVE.state, random);
  const all: number[] = [];
  for (let round = 0; round < 10; round += 1) {
    const { state: next, last } = run([{ on: "retry_due" }, lost], state, random);
    state = next;
    for (const effect of last) if (effect.do === "retry_in") all.push(effect.ms);
  }
  return all;
}

describe("the connection", () => {
  it("opens a new conversation and takes its id from the server", () => {
    expect(LIVE.effects).toEqual([dialled(""), { do: "deliver" }, { do: "now_live" }]);
    expect(LIVE.state).toMatchObject({ phase: "live", conversationId: A, lastEventId: "1-0" });
  });

  it("delivers each event once", () => {
    expect(run([chunk("2-0")], LIVE.state).effects).toEqual([{ do: "deliver" }]);
    expect(run([chunk("2-0"), chunk("2-0"), chunk("1-5")], LIVE.state).effects).toEqual([{ do: "deliver" }]);
    expect(run([event("audio_complete", { message_id: "m" })], LIVE.state).effects).toEqual([{ do: "deliver" }]);
  });

  it("resumes after the last event and audio frame, and ignores frames before conversation_started", () => {
    const broken = run(
      [chunk("5-0"), { on: "audio", messageId: "m", id: "1-4" }, lost, { on: "retry_due" }],
      LIVE.state,
    );
    expect(broken.last).toEqual([dialled(A, "5-0", { message_id: "m", id: "1-4" })]);
    const between = run(
      [{ on: "socket_opened" }, chunk("9-0"), { on: "audio", messageId: "m", id: "2-1" }],
      broken.state,
    );
    expect(between.effects).toEqual([]);
    expect(between.state.phase).toBe("resuming");
    const live = run([started(A, true), chunk("6-0"), { on: "audio", messageId: "m", id: "1-5" }], between.state);
    expect(live.effects).toEqual([{ do: "deliver" }, { do: "now_live" }, { do: "deliver" }, { do: "deliver" }]);
    expect(live.state).toMatchObject({ phase: "live", lastEventId: "6-0", lastAudio: { message_id: "m", id: "1-5" } });
  });

  it("puts its position into the URL", () => {
    const lastAudio = { message_id: "m", id: "1-4" };
    expect(positionQuery({ conversationId: "", lastEventId: "", lastAudio: null }, "")).toBe("");
    expect(positionQuery({ conversationId: A, lastEventId: "", lastAudio: null }, "t")).toBe(
      `conversation_id=${A}&token=t`,
    );
    const whole = new URLSearchParams(positionQuery({ conversationId: A, lastEventId: "5-0", lastAudio }, ""));
    expect(Object.fromEntries(whole)).toEqual({ conversation_id: A, last_event_id: "5-0", last_audio: "m/1-4" });
  });

  it("resumes after the final audio frame of a message", () => {
    const { state } = run(
      [{ on: "audio", messageId: "m", id: "3-4" }, event("audio_complete", { message_id: "m", id: "4-0" })],
      LIVE.state,
    );
    expect(state.lastAudio).toEqual({ message_id: "m", id: "4-0" });
  });

  it("backs off with jitter after each failure, up to a bound", () => {
    const least = waits(0);
    const most = waits(0.999);
    expect(least).toEqual(least.toSorted((a, b) => a - b));
    expect(least[0]).toBe(RETRY_DELAY.firstMs); // half of the second delay's maximum
    expect(most.at(-1)).toBeLessThanOrEqual(RETRY_DELAY.longestMs);
    expect(most.every((ms, index) => ms > (least[index] ?? 0))).toBe(true);
  });

  it("resets the number of failures when the conversation is open", () => {
    const failed = run([lost, { on: "retry_due" }, lost, { on: "retry_due" }], LIVE.state);
    expect(failed.state.failures).toBe(2);
    expect(run([{ on: "socket_opened" }, started(A, true)], failed.state).state.failures).toBe(0);
  });

  it("waits longer for a full server", () => {
    const { last } = run([{ on: "socket_closed", code: 1013, reason: "" }], LIVE.state, 0);
    expect(last).toEqual([{ do: "retry_in", ms: RETRY_DELAY_WHEN_FULL.firstMs / 2 }]);
  });

  it("connects without waiting when the network is back", () => {
    expect(run([lost, { on: "network_back" }], LIVE.state).last).toEqual([dialled(A, "1-0")]);
    expect(run([{ on: "network_back" }], LIVE.state).effects).toEqual([]);
  });

  it.each([
    [4001, "replaced"],
    [1008, "refused"],
  ] as const)("does not reconnect by itself after close code %i", (code, phase) => {
    const { state, last } = run([{ on: "socket_closed", code, reason: "why" }, { on: "retry_due" }], LIVE.state);
    expect(state).toMatchObject({ phase, reason: "why" });
    expect(last).toEqual([]);
  });

  it("takes a conversation back without its marks, because another page has played on", () => {
    const heard: Input = { on: "audio", messageId: "m", id: "3-1" };
    const replaced: Input = { on: "socket_closed", code: 4001, reason: "" };
    const { last } = run([heard, replaced, { on: "connect", conversationId: A }], LIVE.state);
    expect(last).toEqual([{ do: "disconnect" }, dialled(A)]);
  });

  it("opens a new conversation if the server does not know the one to resume", () => {
    const resuming = run([chunk("5-0"), lost, { on: "retry_due" }, { on: "socket_opened" }], LIVE.state);
    const { effects, state } = run([event("error", { code: "unknown_conversation", message: "gone" })], resuming.state);
    expect(effects).toEqual([{ do: "deliver" }, { do: "disconnect" }, dialled("")]);
    expect(state).toMatchObject({ conversationId: "", lastEventId: "" });
  });

  it("forgets the position when another conversation starts", () => {
    const { state } = run([chunk("5-0"), started("conversation-b", false, "1-0")], LIVE.state);
    expect(state).toMatchObject({ conversationId: "conversation-b", lastEventId: "1-0", lastAudio: null });
  });
});

const message = (id: string): TurnCommand => ({ type: "user_message", data: { text: id.toUpperCase(), turn_id: id } });

describe("Outbox", () => {
  it("sends unconfirmed messages again, in order", () => {
    const outbox = new Outbox();
    for (const turnId of ["a", "b", "c"]) outbox.add(message(turnId));
    outbox.settle("b");
    expect(outbox.commands()).toEqual([message("a"), message("c")]);
  });

  it("refuses a message when it is full", () => {
    const outbox = new Outbox();
    for (let index = 0; index < OUTBOX_MAX; index += 1) expect(outbox.add(message(`${index}`))).toBe(true);
    expect(outbox.add(message("more"))).toBe(false);
  });
});
