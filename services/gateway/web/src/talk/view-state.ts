/**
 * What the page shows of the talk, worked out from what happened. Pure: no clock, no DOM, no socket.
 *
 * Messages are kept in the order of the talk. A reply's text comes from events; how much of it has been heard comes from
 * the loudspeaker's reports; what an interruption cut off is guessed here and put right by the server's `message_heard`.
 */

import type { Phase } from "../link/state-machine";
import type { Report } from "../audio/playback-report";
import type { ModelSettings, ServerEvent } from "../wire/events";
import { ofError, ofWarning, without } from "./notices";
import { sentencesOf } from "./sentences";
import { EMPTY, type Listening, type Message, type Notice, type Place, type Reply, SILENT, type UserMessage, type ViewState, findReply } from "./view";

export type Happening =
  | { on: "event"; event: ServerEvent }
  | { on: "report"; report: Report }
  | { on: "link"; phase: Phase; reason: string; conversationId: string }
  | { on: "sent"; turnId: string; text: string }
  | { on: "cut" }
  | { on: "settings_asked"; change: Partial<ModelSettings> }
  | { on: "ducked"; ducked: boolean }
  | { on: "sound_blocked"; blocked: boolean }
  | { on: "microphone"; microphone: Listening["microphone"] }
  | { on: "past"; conversationId: string; messages: readonly Message[] }
  | { on: "notice"; notice: Notice }
  | { on: "dismiss"; place: Place; code?: string };

export function reduce(state: ViewState, what: Happening): ViewState {
  switch (what.on) {
    case "event":
      return onEvent(state, what.event);
    case "report":
      return onReport(state, what.report);
    case "link": {
      // What was on its way when the line broke may be lost; the server says what holds as soon as it is back.
      const asked = what.phase === "live" ? state.asked : {};
      return { ...state, link: what.phase, linkReason: what.reason, asked };
    }
    case "sent": {
      const message: UserMessage = { kind: "user", id: what.turnId, text: what.text, source: "typed", delivery: "sending" };
      return { ...withoutNotices(state, "composer"), messages: [...state.messages, message] };
    }
    case "cut":
      return cut(state);
    case "settings_asked":
      return { ...state, asked: { ...state.asked, ...what.change } };
    case "ducked":
      return { ...state, ducked: what.ducked };
    case "sound_blocked":
      return { ...state, soundBlocked: what.blocked };
    case "microphone": {
      const listening = what.microphone === "off" ? SILENT : { ...state.listening, microphone: what.microphone };
      return { ...state, listening };
    }
    case "past": {
      if (what.conversationId !== state.conversationId) return state;
      const known = new Set(state.messages.map((message) => message.id));
      // What is stored behind the first that is shown has come as events, or will.
      const shown = what.messages.findIndex((message) => known.has(message.id));
      const earlier = shown === -1 ? what.messages : what.messages.slice(0, shown);
      return { ...state, messages: [...earlier, ...state.messages] };
    }
    case "notice":
      return withNotice(state, what.notice);
    case "dismiss":
      return withoutNotices(state, what.place, what.code);
  }
}

function onEvent(state: ViewState, event: ServerEvent): ViewState {
  switch (event.type) {
    case "conversation_started": {
      const same = event.conversation_id === state.conversationId;
      const { link, linkReason, characters, listening, soundBlocked } = state;
      const base = same ? state : { ...EMPTY, link, linkReason, characters, listening, soundBlocked };
      const heardBefore = event.heard.length > 0 ? event.heard : base.heardBefore;
      return { ...withoutNotices(base, "page"), writesPaused: false, conversationId: event.conversation_id, demo: event.demo, heardBefore };
    }
    case "turn_accepted":
      return accepted(state, event.turn_id, event.text, event.source);
    case "turn_started": {
      const replies = event.replies.map((reply) => ({
        messageId: reply.message_id,
        characterId: reply.character_id,
        name: reply.character_name || nameOf(state, reply.character_id),
      }));
      return { ...state, turn: { id: event.turn_id, replies, textComplete: false } };
    }
    case "message_started":
      return withReply(state, event.message_id, (reply) => ({
        ...asHeardBefore(state, reply),
        turnId: event.turn_id,
        characterId: event.character_id,
        name: event.character_name,
      }));
    case "llm_chunk":
      return withReply(state, event.message_id, (reply) => ({ ...reply, text: reply.text + event.text }), event.character_id);
    case "message_resumed":
      return withReply(
        state,
        event.message_id,
        (reply) => ({ ...reply, text: event.text, status: "streaming" }),
        event.character_id,
      );
    case "message_complete":
      return messageComplete(state, event);
    case "message_heard":
      // One that is not here is of an earlier turn, and comes with the past as it is stored by then.
      if (!findReply(state, event.message_id)) return state;
      return withReply(state, event.message_id, (reply) => heard(reply, event.text));
    case "turn_complete":
      return state.turn?.id === event.turn_id ? { ...state, turn: { ...state.turn, textComplete: true } } : state;
    case "interrupted":
      return cut(state);
    case "vad_detect_start":
      return withListening({ ...state, notices: without(state.notices, "unavailable") }, { session: true });
    case "vad_start":
    case "recording_start":
      return withListening(state, { session: true, hearing: true });
    case "vad_stop":
      return withListening(state, { hearing: false });
    case "transcription_update":
      return withListening(state, { partial: event.text });
    case "transcription_stabilized":
      return withListening(state, { stable: event.text });
    case "transcription_finished":
      return withListening(state, { hearing: false, partial: "", stable: "" });
    case "listening_stopped":
      return listeningStopped(state, event.cause);
    case "characters":
      return { ...state, characters: event.characters };
    case "model_settings": {
      const { type: _type, eventId: _eventId, ...settings } = event;
      // The answer to an earlier change says nothing yet of a later one.
      const open = Object.entries(state.asked).filter(([name, value]) => settings[name as keyof ModelSettings] !== value);
      const base = withoutNotices(state, "settings");
      return { ...base, notices: without(base.notices, "unavailable"), settings, asked: Object.fromEntries(open) };
    }
    case "warning":
      return onWarning(state, event);
    case "error":
      return onError(state, event);
    default:
      return state;
  }
}

/**
 * A reply whose events come now, though it may stand here already as it is stored: complete, while it is not heard yet.
 * Its text comes again; of its sound so much was heard as the server says.
 */
function asHeardBefore(state: ViewState, reply: Reply): Reply {
  const before = state.heardBefore.find((each) => each.message_id === reply.id);
  const fresh = reply.sound === "past" ? { ...reply, text: "", status: "streaming" as const, heardChars: 0 } : reply;
  if (before?.complete) return { ...fresh, sound: "played" };
  return { ...fresh, sound: fresh.sound === "past" ? "due" : fresh.sound, sentence: before?.sentence_index ?? fresh.sentence };
}

function accepted(state: ViewState, turnId: string, text: string, source: UserMessage["source"]): ViewState {
  const known = state.messages.some((message) => message.id === turnId);
  const message: UserMessage = { kind: "user", id: turnId, text, source, delivery: "safe" };
  const messages = known
    ? state.messages.map((each) => (each.id === turnId ? message : each))
    : [...state.messages, message];
  const cleared = withoutNotices(withoutNotices(state, "transcript"), "composer");
  // Said again after a reconnect: the turn is well under way.
  const turn = state.turn?.id === turnId ? state.turn : { id: turnId, replies: [], textComplete: false };
  return { ...cleared, notices: without(cleared.notices, "unavailable"), messages, turn };
}

function messageComplete(state: ViewState, event: ServerEvent & { type: "message_complete" }): ViewState {
  const next = withReply(
    state,
    event.message_id,
    (reply) => ({
      ...reply,
      // Cut off, it may come with what was heard only; what was written stays on the page, marked.
      text: event.status === "interrupted" && reply.text.length > event.text.length ? reply.text : event.text,
      status: event.status,
    }),
    event.character_id,
  );
  const reply = findReply(next, event.message_id);
  return reply ? { ...next, announcement: `${reply.name}: ${reply.text}` } : next;
}

function heard(reply: Reply, text: string): Reply {
  const whole = reply.text.startsWith(text) ? reply.text : text;
  return { ...reply, text: whole, status: "interrupted", sound: "cut", heardChars: text.length };
}

function listeningStopped(state: ViewState, cause: string): ViewState {
  const quiet = withListening(state, { session: false, hearing: false, partial: "", stable: "" });
  if (cause !== "failed") return quiet;
  const text = "The recognizer stopped. Press the button to listen again; typing works meanwhile.";
  return withNotice(quiet, { place: "talk", code: "listening_failed", text, serious: true });
}

function onReport(state: ViewState, report: Report): ViewState {
  const { messageId, sentence } = report;
  if (report.cause === "flushed" || messageId === "") return state.speakingId ? { ...state, speakingId: "" } : state;
  if (report.cause === "ended") {
    const speakingId = state.speakingId === messageId ? "" : state.speakingId;
    const next = { ...state, speakingId };
    return findReply(state, messageId) ? withReply(next, messageId, (reply) => ({ ...reply, sound: "played", sentence })) : next;
  }
  const reply = findReply(state, messageId);
  if (!reply || reply.sound === "cut") return state;
  if (reply.sound === "playing" && reply.sentence === sentence && state.speakingId === messageId) return state;
  return { ...withReply(state, messageId, (each) => ({ ...each, sound: "playing", sentence })), speakingId: messageId };
}

/**
 * What is being said, and what was to be said after it, is off. Replies that never had a sound are left to the server: it
 * may have no voice at all, and then nothing was cut off.
 */
function cut(state: ViewState): ViewState {
  const voiced = new Set<string>();
  for (const message of state.messages) {
    if (message.kind === "reply" && (message.sound === "playing" || message.sound === "played" || message.sentence >= 0)) voiced.add(message.turnId);
  }
  const messages = state.messages.map((message) => {
    if (message.kind !== "reply" || !(message.sound === "playing" || message.sound === "due")) return message;
    if (message.sound === "due" && message.status !== "streaming" && !voiced.has(message.turnId)) return message;
    const spoken = sentencesOf(message.text)[message.sentence];
    const status = message.status === "streaming" ? ("interrupted" as const) : message.status;
    return { ...message, status, sound: "cut" as const, heardChars: spoken?.start ?? 0 };
  });
  return { ...state, messages, speakingId: "", ducked: false, turn: state.turn && { ...state.turn, textComplete: true } };
}

function onWarning(state: ViewState, event: ServerEvent & { type: "warning" }): ViewState {
  const writesPaused = event.code === "writes_paused";
  if (!writesPaused && event.code !== "writes_resumed") return withNotice(state, ofWarning(event));
  // What else could not be taken was of the same cause.
  const next = { ...state, writesPaused, notices: without(state.notices, "writes_paused", "unavailable") };
  return writesPaused ? withNotice(next, ofWarning(event)) : next;
}

function onError(state: ViewState, event: ServerEvent & { type: "error" }): ViewState {
  const { code, message_id: messageId, turn_id: turnId } = event;
  const refused = turnId !== "" && (code === "bad_field" || code === "bad_message");
  const messages = refused
    ? state.messages.map((each) => (each.kind === "user" && each.id === turnId ? { ...each, delivery: "refused" as const } : each))
    : state.messages;
  const base = { ...state, messages };
  if (messageId && findReply(base, messageId)) {
    return withReply(base, messageId, (reply) => ({
      ...reply,
      problem: event.message,
      sound: reply.sound === "due" && code === "tts_failed" ? "played" : reply.sound,
    }));
  }
  const over = turnId !== "" && state.turn?.id === turnId ? { ...base, turn: { ...state.turn, textComplete: true } } : base;
  const notice = ofError(event, state.writesPaused);
  if (turnId === "" && Object.keys(state.asked).length > 0 && REFUSALS.has(code)) {
    return withNotice({ ...over, asked: {} }, { code, serious: true, text: notice?.text ?? "It was not changed: nothing can be written just now.", place: "settings" });
  }
  return notice ? withNotice(over, notice) : over;
}

/** What the server may say to a command that it does not carry out. */
const REFUSALS: ReadonlySet<string> = new Set(["bad_field", "bad_message", "rate_limited", "unavailable"]);

function withReply(state: ViewState, id: string, change: (reply: Reply) => Reply, characterId = ""): ViewState {
  // Replies that change are at the end; looking from there keeps a long talk as quick as a short one.
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
    status: "streaming",
    sound: "due",
    heardChars: 0,
    sentence: -1,
    problem: "",
  };
  return { ...state, messages: [...state.messages, change(fresh)] };
}

function nameOf(state: ViewState, characterId: string): string {
  return state.characters.find((character) => character.id === characterId)?.name ?? "Someone";
}

function withListening(state: ViewState, change: Partial<Listening>): ViewState {
  return { ...state, listening: { ...state.listening, ...change } };
}

function withNotice(state: ViewState, notice: Notice): ViewState {
  const others = state.notices.filter((each) => !(each.place === notice.place && each.code === notice.code));
  return { ...state, notices: [...others, notice].slice(-8) };
}

/** Without those at a place; with `code`, only that one. */
function withoutNotices(state: ViewState, place: Place, code?: string): ViewState {
  const notices = state.notices.filter((notice) => notice.place !== place || (code ?? notice.code) !== notice.code);
  return notices.length < state.notices.length ? { ...state, notices } : state;
}
