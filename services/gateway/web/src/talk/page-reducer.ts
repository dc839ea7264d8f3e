/**
 * The reducer of the page's state. Pure: no clock, no DOM, no socket.
 *
 * Messages are in the order of the conversation. A reply's text comes from events, its playback position from the
 * player's reports. After an interruption the reducer estimates how much was heard; the server's `message_heard`
 * corrects it.
 */

import type { Phase } from "../link/state-machine";
import { usageOf } from "../inside/usage";
import type { Report } from "../audio/playback-report";
import type { AnsweringChange, CastChange, NoteChange } from "../wire/commands";
import type { SoundBlock } from "../audio/sound-block";
import type { ModelSettings, ServerEvent } from "../wire/events";
import { withChange, withConfirmed, withoutPending } from "./answering";
import { withName } from "./user-name";
import { withNote } from "./author-note";
import { type ChosenPersona, withPersona } from "./persona";
import type { MicrophoneView } from "./listening-state";
import { without } from "./notices";
import { onError, onWarning, withNotice, withoutNotices } from "./problems";
import { atTable, withCast } from "./cast";
import {
  type Extent,
  historyChanged,
  withPendingChange,
  withoutPendingChange,
} from "./history-changes";
import type { Stored } from "./stored-loader";
import { withReloaded, withStored } from "./with-stored";
import { accepted, completed, extended, reopened, started } from "./turns";
import { thinkingOf, withoutThinking } from "./thinking";
import { asHeardBefore, cut, heard, messageComplete, onReport, withReply } from "./replies";
import {
  EMPTY,
  type Listening,
  type Notice,
  type NoticePlace,
  NOT_LISTENING,
  type UserMessage,
  type PageState,
  findReply,
} from "./page-state";

export type PageInput =
  | { on: "event"; event: ServerEvent }
  | { on: "report"; report: Report }
  | { on: "link"; phase: Phase; reason: string; conversationId: string }
  | { on: "left" }
  /** `change`: what the message, or the requested reply, replaces. */
  | { on: "sent"; turnId: string; text: string; to?: UserMessage["to"]; change?: Extent | null }
  | { on: "requested"; turnId: string; change?: Extent }
  /** A change of the history without a new message is sent. */
  | { on: "changing"; turnId: string; change: Extent }
  | { on: "deleting"; ids: readonly string[] }
  | { on: "cut" }
  | { on: "settings_changed"; change: Partial<ModelSettings> }
  | { on: "answering_changed"; change: AnsweringChange }
  | { on: "name_changed"; name: string }
  | { on: "persona_changed"; persona: ChosenPersona }
  | { on: "note_changed"; change: NoteChange }
  | { on: "cast_changed"; change: CastChange }
  | { on: "cast_remembered"; ids: readonly string[] | null }
  | { on: "demo"; demo: boolean }
  | { on: "ducked"; ducked: boolean }
  | { on: "sound_blocked"; block: SoundBlock }
  | { on: "microphone"; view: MicrophoneView }
  | { on: "loading_stored"; isLoading: boolean }
  | ({ on: "stored" | "reloaded" } & Stored)
  | { on: "notice"; notice: Notice }
  | { on: "dismiss"; place: NoticePlace; only?: Notice };

export function reduce(state: PageState, input: PageInput): PageState {
  const next = reduced(state, input);
  if (next.shelf === state.shelf && next.cast === state.cast) return next;
  return { ...next, characters: atTable(next.shelf, next.cast) };
}

function reduced(state: PageState, input: PageInput): PageState {
  switch (input.on) {
    case "event":
      return onEvent(state, input.event);
    case "report":
      return onReport(state, input.report);
    case "link": {
      const connected = input.phase === "live" ? state.listening : { ...state.listening, understanding: "" };
      // When the connection is lost, forget changes that are not confirmed: they may be lost too. After a reconnect,
      // the server sends the settings.
      const isLive = input.phase === "live";
      const pendingSettings = isLive ? state.pendingSettings : {};
      const answering = isLive ? state.answering : withoutPending(state.answering);
      const userName = isLive ? state.userName : { ...state.userName, pending: null };
      const link = { link: input.phase, linkReason: input.reason, listening: connected };
      const cast = isLive ? state.cast : { ...state.cast, pending: {} };
      const persona = isLive ? state.persona : { ...state.persona, pending: null };
      // The note of a conversation without a turn was not sent yet.
      const note = isLive || state.cast.isNew ? state.note : { ...state.note, pending: {} };
      return { ...state, ...link, pendingSettings, answering, cast, userName, persona, note };
    }
    case "left":
      // The messages stay until the next conversation has started. It is another one, or this one from the start.
      return { ...state, conversationId: "", turn: null, speakingId: "", thinking: null, ducked: false };
    case "sent": {
      const message: UserMessage = {
        kind: "user",
        id: input.turnId,
        text: input.text,
        source: "typed",
        delivery: "sending",
        to: input.to ?? null,
        unanswered: "",
      };
      const before = input.change ? withPendingChange(state, input.turnId, input.change) : state;
      return { ...withoutNotices(before, "composer"), messages: [...state.messages, message] };
    }
    case "requested": {
      const before = input.change ? withPendingChange(state, input.turnId, input.change) : state;
      return { ...withoutNotices(before, "composer"), requestedTurn: input.turnId };
    }
    case "changing":
      return withPendingChange(state, input.turnId, input.change);
    case "deleting":
      return { ...state, deleting: input.ids };
    case "cut":
      return cut(state);
    case "settings_changed":
      return { ...state, pendingSettings: { ...state.pendingSettings, ...input.change } };
    case "answering_changed":
      return { ...state, answering: withChange(state.answering, input.change) };
    case "name_changed":
      return { ...withoutNotices(state, "name"), userName: { ...state.userName, pending: input.name } };
    case "persona_changed":
      return { ...withoutNotices(state, "persona"), persona: { ...state.persona, pending: input.persona } };
    case "note_changed":
      return {
        ...withoutNotices(state, "note"),
        note: { ...state.note, pending: { ...state.note.pending, ...input.change } },
      };
    case "cast_changed":
      return { ...state, cast: { ...state.cast, pending: { ...state.cast.pending, ...input.change } } };
    case "cast_remembered":
      return { ...state, cast: { ...state.cast, remembered: input.ids } };
    case "demo":
      return { ...state, demo: input.demo };
    case "ducked":
      return { ...state, ducked: input.ducked };
    case "sound_blocked":
      return { ...state, soundBlocked: input.block };
    case "microphone":
      return withMicrophone(state, input.view);
    case "loading_stored":
      return { ...state, isLoadingStored: input.isLoading };
    case "stored":
    case "reloaded":
      // The user may have opened another conversation meanwhile.
      if (input.conversationId !== state.conversationId) return state;
      return input.on === "stored" ? withStored(state, input) : withReloaded(state, input);
    case "notice":
      return withNotice(state, input.notice);
    case "dismiss":
      return withoutNotices(state, input.place, input.only);
  }
}

function onEvent(before: PageState, event: ServerEvent): PageState {
  const state = withoutThinking(before, event);
  switch (event.type) {
    case "conversation_started": {
      const same = event.conversation_id === state.conversationId;
      const { link, linkReason, shelf, characters, charactersKnown, listening, soundBlocked } = state;
      const kept = { link, linkReason, shelf, characters, charactersKnown, listening, soundBlocked };
      const base = same ? state : { ...EMPTY, ...kept };
      const isNew = !event.resumed || event.unused;
      const cast = { ...base.cast, remembered: state.cast.remembered, isNew };
      const heardBefore = event.heard.length > 0 ? event.heard : base.heardBefore;
      return {
        ...withoutNotices(base, "page"),
        writesPaused: false,
        conversationId: event.conversation_id,
        demo: event.demo,
        heardBefore,
        cast,
      };
    }
    case "turn_accepted":
      return accepted(withTurn(state), event);
    case "turn_reopened":
      return reopened(state, event.turn_id);
    case "turn_started":
      return started(state, event);
    case "turn_extended":
      return extended(state, event);
    case "thinking":
      return { ...state, thinking: thinkingOf(state, event) };
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
        (reply) => ({
          ...reply,
          text: reply.text + event.text,
          sentenceEnds: [...reply.sentenceEnds, ...event.sentence_ends],
        }),
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
      return completed(withoutPendingChange(state, event.turn_id), event.turn_id);
    case "history_changed":
      return historyChanged(state, event);
    case "interrupted":
      return cut(state);
    case "vad_start":
    case "recording_start":
      return withHearing(state, event.session_id, true);
    case "vad_stop":
      return withHearing(state, event.session_id, false);
    case "transcription_update":
      return withListening(state, { partial: event.text });
    case "transcription_stabilized":
      return withListening(state, { stable: event.text });
    case "transcription_finished":
    case "listening_stopped":
      return withListening(withHearing(state, event.session_id, false), { partial: "", stable: "", understanding: "" });
    case "characters":
      return { ...state, shelf: event.characters, charactersKnown: true };
    case "cast":
      return { ...state, notices: without(state.notices, "cast"), cast: withCast(state.cast, event) };
    case "model_settings": {
      const { type: _type, eventId: _eventId, ...settings } = event;
      // The answer to an earlier change does not confirm a later one.
      const open = Object.entries(state.pendingSettings).filter(
        ([name, value]) => settings[name as keyof ModelSettings] !== value,
      );
      const base = withoutNotices(state, "settings");
      return {
        ...base,
        notices: without(base.notices, "unavailable"),
        settings,
        pendingSettings: Object.fromEntries(open),
      };
    }
    case "answering":
      return {
        ...state,
        notices: without(state.notices, "answering"),
        answering: withConfirmed(state.answering, event),
      };
    case "user_name":
      return { ...withoutNotices(state, "name"), userName: withName(state.userName, event) };
    case "persona":
      return { ...withoutNotices(state, "persona"), persona: withPersona(state.persona, event) };
    case "note":
      return { ...withoutNotices(state, "note"), note: withNote(state.note, event) };
    case "summary":
      return { ...state, summary: { conversationId: state.conversationId, summary: event } };
    case "turn_metrics":
      return { ...state, usage: usageOf(event.metrics["conversation_usage"]) ?? state.usage };
    case "warning":
      return onWarning(state, event);
    case "error":
      return onError(state, event);
    default:
      return state;
  }
}

function withTurn(state: PageState): PageState {
  return state.cast.isNew ? { ...state, cast: { ...state.cast, isNew: false } } : state;
}

function withMicrophone(state: PageState, view: MicrophoneView): PageState {
  if (view.microphone === "off") return { ...state, listening: listeningOff(state.listening) };
  const isListening = view.microphone === "listening";
  const notices = isListening ? without(state.notices, "stt_failed", "unavailable") : state.notices;
  const hearing = isListening && state.listening.hearing;
  return { ...state, notices, listening: { ...state.listening, ...view, hearing } };
}

/** The words before the end of the session are still transcribed; until then, the caption keeps them. */
function listeningOff(before: Listening): Listening {
  const { hearing, partial, stable, sessionId } = before;
  if (before.microphone === "off") return before;
  if (!sessionId || !(hearing || partial)) return NOT_LISTENING;
  return { ...NOT_LISTENING, partial, stable, understanding: sessionId };
}

/** Events of an earlier session say nothing about the open one. */
function withHearing(state: PageState, sessionId: string, hearing: boolean): PageState {
  const { listening } = state;
  if (listening.microphone !== "listening" || sessionId !== listening.sessionId) return state;
  return withListening(state, { hearing });
}

function withListening(state: PageState, change: Partial<Listening>): PageState {
  return { ...state, listening: { ...state.listening, ...change } };
}
