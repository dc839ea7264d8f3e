/** The part of the reducer that handles warnings and errors. Pure. */

import { serverText, texts } from "../texts";
import type { ServerEvent } from "../wire/events";
import { withoutPending } from "./answering";
import { withoutPendingChange } from "./history-changes";
import { isRepeated, ofError, ofWarning, without } from "./notices";
import { withReply } from "./replies";
import { nameProblem } from "./user-name";
import { type Notice, type NoticePlace, type PageState, findReply } from "./page-state";

/** The error codes with which the server refuses a command. */
const REFUSALS: ReadonlySet<string> = new Set(["bad_field", "bad_message", "rate_limited", "unavailable"]);

/** The error codes with which the server refuses a message that the user has written. */
const MESSAGE_REFUSALS: ReadonlySet<string> = new Set(["bad_field", "bad_message", "message_unknown"]);

/** The server's refusals of a name, and of a persona, begin with the name of the command. */
const NAME_REFUSED = "user_name: ";
const PERSONA_REFUSED = "persona: ";

export function onWarning(state: PageState, event: ServerEvent & { type: "warning" }): PageState {
  const writesPaused = event.code === "writes_paused";
  if (!writesPaused && event.code !== "writes_resumed") return withNotice(state, ofWarning(event));
  // Remove an `unavailable` notice as well, because paused writes are its cause.
  const next = { ...state, writesPaused, notices: without(state.notices, "writes_paused", "unavailable") };
  return writesPaused ? withNotice(next, ofWarning(event)) : next;
}

export function onError(state: PageState, event: ServerEvent & { type: "error" }): PageState {
  const { code, message_id: messageId, turn_id: turnId } = event;
  const refused = turnId !== "" && MESSAGE_REFUSALS.has(code);
  const messages = refused
    ? state.messages.map((each) =>
        each.kind === "user" && each.id === turnId ? { ...each, delivery: "refused" as const } : each,
      )
    : state.messages;
  const requestedTurn = state.requestedTurn === turnId && code !== "unavailable" ? "" : state.requestedTurn;
  const open = code === "unavailable" ? state : withoutPendingChange(state, turnId);
  const base = { ...open, messages, requestedTurn };
  if (messageId && findReply(base, messageId)) {
    return withReply(base, messageId, (reply) => ({
      ...reply,
      problem: serverText(code, event.message),
      sound: reply.sound === "due" && code === "tts_failed" ? "played" : reply.sound,
    }));
  }
  const over =
    turnId !== "" && state.turn?.id === turnId ? { ...base, turn: { ...state.turn, textComplete: true } } : base;
  const notice = ofError(event, state.writesPaused);
  if (event.message.startsWith(NAME_REFUSED)) {
    const text = refusedName(state, event.message.slice(NAME_REFUSED.length));
    return withNotice(withoutPendingName(over), { code, serious: true, text, place: "name" });
  }
  if (event.message.startsWith(PERSONA_REFUSED)) {
    const called = /a character is called (.+);/u.exec(event.message)?.[1];
    const text = called ? texts.personas.taken(called) : texts.personas.gone;
    return withNotice({ ...over, persona: { ...over.persona, pending: null } }, { code, serious: true, text, place: "persona" });
  }
  const place = pendingPlace(state);
  if (turnId === "" && place && REFUSALS.has(code)) {
    const text = notice?.text ?? texts.problems.settingNotSaved;
    const undone = {
      ...withoutPendingName(over),
      pendingSettings: {},
      answering: withoutPending(over.answering),
      cast: { ...over.cast, pending: {} },
      persona: { ...over.persona, pending: null },
      note: { ...over.note, pending: {} },
    };
    return withNotice(undone, { code, serious: true, text, place });
  }
  return notice ? withNotice(over, notice) : over;
}

/** The part of the page in which the user changed something that the server has not confirmed; null if there is none. */
function pendingPlace(state: PageState): NoticePlace | null {
  const { pendingSettings, answering, cast, userName, persona, note } = state;
  if (userName.pending !== null) return "name";
  if (persona.pending !== null) return "persona";
  if (!cast.isNew && Object.keys(note.pending).length > 0) return "note";
  if (Object.keys(pendingSettings).length > 0) return "settings";
  if (Object.keys(cast.pending).length > 0) return "page";
  return Object.keys(answering.pending).length > 0 ? "composer" : null;
}

/** Why a name was refused: in the page's language if the page knows the fault too, else in the server's words. */
function refusedName({ userName, characters }: PageState, sent: string): string {
  const known = userName.pending === null ? "" : nameProblem(userName.pending, characters);
  if (known) return known;
  const called = /^a character is called (.+);/u.exec(sent)?.[1];
  if (called) return texts.userName.taken(called);
  return sent.includes("U+") ? texts.problem.invisible_character(capitalized(sent), {}) : capitalized(sent);
}

function withoutPendingName(state: PageState): PageState {
  return { ...state, userName: { ...state.userName, pending: null } };
}

function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

export function withNotice(state: PageState, notice: Notice): PageState {
  const others = state.notices.filter((each) => !isRepeated(each, notice));
  return { ...state, notices: [...others, notice].slice(-8) };
}

/** Remove the notices at a place, or only this one. */
export function withoutNotices(state: PageState, place: NoticePlace, only?: Notice): PageState {
  const notices = state.notices.filter((notice) => notice.place !== place || !(only === undefined || notice === only));
  return notices.length < state.notices.length ? { ...state, notices } : state;
}
