/**
 * The reducer of the page's state. Pure: no clock, no DOM, no socket.
 *
 * Messages are in the order of the conversation. A reply's text comes from events, its playback position from the
 * player's reports. After an interruption the reducer estimates how much was heard; the server's `message_heard`
 * corrects it.
 */

import type { Phase } from "../link/state-machine";
import type { Report } from "../audio/playback-report";
import type { ModelSettings, ServerEvent } from "../wire/events";
import { ofError, ofWarning, without } from "./notices";
import { sentenceSpan } from "./sentences";
import { EMPTY, type Listening, type Message, type Notice, type NoticePlace, type Reply, NOT_LISTENING, type UserMessage, type ViewState, findReply } from "./view";

export type ViewInput =
  | { on: "event"; event: ServerEvent }
  | { on: "report"; report: Report }
  | { on: "link"; phase: Phase; reason: string; conversationId: string }
  | { on: "sent"; turnId: string; text: string }
  | { on: "cut" }
  | { on: "settings_changed"; change: Partial<ModelSettings> }
  | { on: "ducked"; ducked: boolean }
  | { on: "sound_blocked"; blocked: boolean }
  | { on: "microphone"; microphone: Listening["microphone"] }
  | { on: "stored"; conversationId: string; messages: readonly Message[] }
  | { on: "notice"; notice: Notice }
  | { on: "dismiss"; place: NoticePlace; code?: string };

export function reduce(state: ViewState, input: ViewInput): ViewState {
  switch (input.on) {
    case "event":
      return onEvent(state, input.event);
    case "report":
      return onReport(state, input.report);
    case "link": {
      // A change sent over a lost connection may be lost too; after a reconnect the server sends the settings.
      const pendingSettings = input.phase === "live" ? state.pendingSettings : {};
      return { ...state, link: input.phase, linkReason: input.reason, pendingSettings };
    }
    case "sent": {
      const message: UserMessage = { kind: "user", id: input.turnId, text: input.text, source: "typed", delivery: "sending" };
      return { ...withoutNotices(state, "composer"), messages: [...state.messages, message] };
    }
    case "cut":
      return cut(state);
    case "settings_changed":
      return { ...state, pendingSettings: { ...state.pendingSettings, ...input.change } };
    case "ducked":
      return { ...state, ducked: input.ducked };
    case "sound_blocked":
      return { ...state, soundBlocked: input.blocked };
    case "microphone": {
      const listening = input.microphone === "off" ? NOT_LISTENING : { ...state.listening, microphone: input.microphone };
      return { ...state, listening };
    }
    case "stored": {
      if (input.conversationId !== state.conversationId) return state;
      const known = new Set(state.messages.map((message) => message.id));
      // Stored messages from the first shown one on also arrive as events.
      const shown = input.messages.findIndex((message) => known.has(message.id));
      const earlier = shown === -1 ? input.messages : input.messages.slice(0, shown);
      return { ...state, messages: [...earlier, ...state.messages] };
    }
    case "notice":
      return withNotice(state, input.notice);
    case "dismiss":
      return withoutNotices(state, input.place, input.code);
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
      return withReply(
        state,
        event.message_id,
        (reply) => ({ ...reply, text: reply.text + event.text, sentenceEnds: [...reply.sentenceEnds, ...event.sentence_ends] }),
        event.character_id,
      );
    case "message_resumed":
      return withReply(
        state,
        event.message_id,
        (reply) => ({ ...reply, text: event.text, sentenceEnds: event.sentence_ends, status: "streaming" }),
        event.character_id,
      );
    case "message_complete":
      return messageComplete(state, event);
    case "message_heard":
      // An unknown message is of an earlier turn; the stored messages already have its heard text.
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
      // The answer to an earlier change does not confirm a later one.
      const open = Object.entries(state.pendingSettings).filter(([name, value]) => settings[name as keyof ModelSettings] !== value);
      const base = withoutNotices(state, "settings");
      return { ...base, notices: without(base.notices, "unavailable"), settings, pendingSettings: Object.fromEntries(open) };
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
 * Reset a reply at its `message_started`: a stored copy may be shown already, with the whole text, though the reply is
 * not played yet. The events repeat the text; the server says how much of the sound was heard.
 */
function asHeardBefore(state: ViewState, reply: Reply): Reply {
  const before = state.heardBefore.find((each) => each.message_id === reply.id);
  const fresh = reply.sound === "stored" ? { ...reply, text: "", sentenceEnds: [], status: "streaming" as const, heardChars: 0 } : reply;
  if (before?.complete) return { ...fresh, sound: "played" };
  return { ...fresh, sound: fresh.sound === "stored" ? "due" : fresh.sound, sentence: before?.sentence_index ?? fresh.sentence };
}

function accepted(state: ViewState, turnId: string, text: string, source: UserMessage["source"]): ViewState {
  const known = state.messages.some((message) => message.id === turnId);
  const message: UserMessage = { kind: "user", id: turnId, text, source, delivery: "safe" };
  const messages = known
    ? state.messages.map((each) => (each.id === turnId ? message : each))
    : [...state.messages, message];
  const cleared = withoutNotices(withoutNotices(state, "transcript"), "composer");
  // Repeated after a reconnect: the turn is already running.
  const turn = state.turn?.id === turnId ? state.turn : { id: turnId, replies: [], textComplete: false };
  return { ...cleared, notices: without(cleared.notices, "unavailable"), messages, turn };
}

function messageComplete(state: ViewState, event: ServerEvent & { type: "message_complete" }): ViewState {
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
 * Mark the reply being played, and those after it, as cut off. Replies without any sound so far wait for the server's
 * `message_heard`: if no tts worker runs, nothing was cut off.
 */
function cut(state: ViewState): ViewState {
  const voiced = new Set<string>();
  for (const message of state.messages) {
    if (message.kind === "reply" && (message.sound === "playing" || message.sound === "played" || message.sentence >= 0)) voiced.add(message.turnId);
  }
  const messages = state.messages.map((message) => {
    if (message.kind !== "reply" || !(message.sound === "playing" || message.sound === "due")) return message;
    if (message.sound === "due" && message.status !== "streaming" && !voiced.has(message.turnId)) return message;
    const current = sentenceSpan(message, message.sentence);
    const status = message.status === "streaming" ? ("interrupted" as const) : message.status;
    return { ...message, status, sound: "cut" as const, heardChars: current?.start ?? 0 };
  });
  return { ...state, messages, speakingId: "", ducked: false, turn: state.turn && { ...state.turn, textComplete: true } };
}

function onWarning(state: ViewState, event: ServerEvent & { type: "warning" }): ViewState {
  const writesPaused = event.code === "writes_paused";
  if (!writesPaused && event.code !== "writes_resumed") return withNotice(state, ofWarning(event));
  // Paused writes are also the cause of any `unavailable` error.
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
  if (turnId === "" && Object.keys(state.pendingSettings).length > 0 && REFUSALS.has(code)) {
    const text = notice?.text ?? "The setting was not changed: the server cannot save anything just now.";
    return withNotice({ ...over, pendingSettings: {} }, { code, serious: true, text, place: "settings" });
  }
  return notice ? withNotice(over, notice) : over;
}

/** Error codes by which the server refuses a command. */
const REFUSALS: ReadonlySet<string> = new Set(["bad_field", "bad_message", "rate_limited", "unavailable"]);

function withReply(state: ViewState, id: string, change: (reply: Reply) => Reply, characterId = ""): ViewState {
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

/** Remove the notices at a place, or only the one with this code. */
function withoutNotices(state: ViewState, place: NoticePlace, code?: string): ViewState {
  const notices = state.notices.filter((notice) => notice.place !== place || (code ?? notice.code) !== notice.code);
  return notices.length < state.notices.length ? { ...state, notices } : state;
}
