/** The part of the reducer that changes replies: their text, playback position and interruption. Pure. */

import type { Report } from "../audio/playback-report";
import { texts } from "../texts";
import type { ServerEvent } from "../wire/events";
import { sentenceSpan } from "./sentences";
import { type Reply, type PageState, findReply } from "./page-state";

/** Change a reply, or add it if it is not shown yet. */
export function withReply(state: PageState, id: string, change: (reply: Reply) => Reply, characterId = ""): PageState {
  // Search from the end: only recent replies change, and a conversation may be long.
  const at = state.messages.findLastIndex((message) => message.kind === "reply" && message.id === id);
  const found = state.messages[at];
  if (found?.kind === "reply") return { ...state, messages: state.messages.with(at, change(found)) };
  const expected = state.turn?.replies.find((reply) => reply.messageId === id);
  const speaker = expected?.characterId ?? characterId;
  const fresh: Reply = {
    kind: "reply",
    id,
    turnId: state.turn?.id ?? "",
    characterId: speaker,
    name: expected?.name ?? nameOf(state, speaker),
    text: "",
    sentenceEnds: [],
    status: "streaming",
    sound: "due",
    heardChars: 0,
    sentence: -1,
    reason: expected?.reason ?? "",
    problem: "",
  };
  return { ...state, messages: [...state.messages, change(fresh)] };
}

export function nameOf(state: PageState, characterId: string): string {
  return state.characters.find((character) => character.id === characterId)?.name ?? texts.app.someone;
}

/**
 * Reset a reply at its `message_started`: a stored copy may be shown already, with the whole text, though the reply is
 * not played yet. The events repeat the text; the server says how much of the sound was heard.
 */
export function asHeardBefore(state: PageState, reply: Reply): Reply {
  const before = state.heardBefore.find((each) => each.message_id === reply.id);
  const reason = state.turn?.replies.find((each) => each.messageId === reply.id)?.reason ?? reply.reason;
  const fresh =
    reply.sound === "stored"
      ? { ...reply, reason, text: "", sentenceEnds: [], status: "streaming" as const, heardChars: 0 }
      : reply;
  if (before?.complete) return { ...fresh, sound: "played" };
  return {
    ...fresh,
    sound: fresh.sound === "stored" ? "due" : fresh.sound,
    sentence: before?.sentence_index ?? fresh.sentence,
  };
}

export function messageComplete(state: PageState, event: ServerEvent & { type: "message_complete" }): PageState {
  const next = withReply(
    state,
    event.message_id,
    (reply) => {
      // An interrupted reply may come with the heard text only; the page keeps the longer text and marks the rest.
      const keep = event.status === "interrupted" && reply.text.length > event.text.length;
      if (keep) return { ...reply, status: event.status };
      return { ...reply, text: event.text, sentenceEnds: event.sentence_ends, status: event.status };
    },
    event.character_id,
  );
  const reply = findReply(next, event.message_id);
  return reply && !isWithoutContent(reply) ? { ...next, announcement: `${reply.name}: ${reply.text}` } : next;
}

/** Whether the user interrupted the reply before it had any text: then there is nothing to show. */
export function isWithoutContent(reply: Reply): boolean {
  return reply.status === "interrupted" && !reply.text.trim() && !reply.problem;
}

/** True if the user interrupted before a word of it was heard. Its text is folded, so that it is not in the way. */
export function isUnspoken({ sound, sentence, heardChars, text, problem, status }: Reply): boolean {
  return sound === "cut" && sentence < 0 && heardChars === 0 && text.trim() !== "" && !problem && status !== "failed";
}

/** Apply `message_heard`: only this part of the text was heard. */
export function heard(reply: Reply, text: string): Reply {
  const whole = reply.text.startsWith(text) ? reply.text : text;
  // A reply of which no word was heard counts as one that had not begun.
  const sentence = text === "" ? -1 : Math.max(0, reply.sentence);
  return { ...reply, text: whole, status: "interrupted", sound: "cut", heardChars: text.length, sentence };
}

/** Apply a report of the player. */
export function onReport(state: PageState, report: Report): PageState {
  const { messageId, sentence } = report;
  if (report.cause === "flushed" || messageId === "") return state.speakingId ? { ...state, speakingId: "" } : state;
  if (report.cause === "ended") {
    const speakingId = state.speakingId === messageId ? "" : state.speakingId;
    const next = { ...state, speakingId };
    return findReply(state, messageId)
      ? withReply(next, messageId, (reply) => ({ ...reply, sound: "played", sentence }))
      : next;
  }
  const reply = findReply(state, messageId);
  if (!reply || reply.sound === "cut") return state;
  if (reply.sound === "playing" && reply.sentence === sentence && state.speakingId === messageId) return state;
  return { ...withReply(state, messageId, (each) => ({ ...each, sound: "playing", sentence })), speakingId: messageId };
}

/**
 * Mark the reply being played, and those after it, as cut off. Replies without any sound so far wait for the server's
 * `message_heard`: if no tts worker runs, nothing was cut off.
 */
export function cut(state: PageState): PageState {
  const voiced = new Set<string>();
  for (const message of state.messages) {
    if (
      message.kind === "reply" &&
      (message.sound === "playing" || message.sound === "played" || message.sentence >= 0)
    )
      voiced.add(message.turnId);
  }
  const messages = state.messages.map((message) => {
    if (message.kind !== "reply" || !(message.sound === "playing" || message.sound === "due")) return message;
    if (message.sound === "due" && message.status !== "streaming" && !voiced.has(message.turnId)) return message;
    const current = sentenceSpan(message, message.sentence);
    const status = message.status === "streaming" ? ("interrupted" as const) : message.status;
    return { ...message, status, sound: "cut" as const, heardChars: current?.start ?? 0 };
  });
  return {
    ...state,
    messages,
    speakingId: "",
    ducked: false,
    thinking: null,
    turn: state.turn && { ...state.turn, textComplete: true, stopped: true },
  };
}
