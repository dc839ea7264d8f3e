/** The part of the reducer that begins, extends and reopens turns. Pure. */

import { texts } from "../texts";
import type { EventOf, ServerEvent } from "../wire/events";
import { without } from "./notices";
import { isMuted, shownMode } from "./answering";
import { withAcceptedChange } from "./history-changes";
import type { PageState, Turn, UserMessage } from "./page-state";
import { withoutNotices } from "./problems";
import { nameOf } from "./replies";

function planned(state: PageState, event: ServerEvent & { type: "turn_started" | "turn_extended" }): Turn["replies"] {
  return event.replies.map((reply) => ({
    messageId: reply.message_id,
    characterId: reply.character_id,
    name: reply.character_name || nameOf(state, reply.character_id),
    reason: reply.reason,
  }));
}

/**
 * Apply `turn_started`: these replies are planned. Other replies of the turn were loaded from the store before the turn
 * was reopened.
 */
export function started(state: PageState, event: ServerEvent & { type: "turn_started" }): PageState {
  const replies = planned(state, event);
  const ids = new Set(replies.map((reply) => reply.messageId));
  const messages = state.messages.filter(
    (message) => message.kind === "user" || message.turnId !== event.turn_id || ids.has(message.id),
  );
  const turn = { id: event.turn_id, replies, textComplete: false, stopped: false, quiet: event.quiet };
  return { ...state, messages, turn };
}

/** Apply `turn_extended`: more replies are planned. */
export function extended(state: PageState, event: ServerEvent & { type: "turn_extended" }): PageState {
  const { turn } = state;
  if (turn?.id !== event.turn_id) return state;
  const known = new Set(turn.replies.map((reply) => reply.messageId));
  const more = planned(state, event).filter((reply) => !known.has(reply.messageId));
  return { ...state, turn: { ...turn, replies: [...turn.replies, ...more] } };
}

function hidden(message: UserMessage): UserMessage {
  return { ...message, delivery: "reopened" };
}

/**
 * Remove the turn's replies and hide its message, because the user continues it. The caption shows the words, until the
 * recognizer sends its next transcript. The hidden message keeps its place, so that its bubble does not flicker when
 * the turn comes again.
 */
export function reopened(state: PageState, turnId: string): PageState {
  const own = state.messages.find((message) => message.kind === "user" && message.id === turnId);
  const others = state.messages.filter((message) => message.kind === "user" || message.turnId !== turnId);
  const messages =
    own?.kind === "user" ? others.map((message) => (message === own ? hidden(own) : message)) : others;
  const words = own?.text ?? "";
  const { listening } = state;
  const partial = listening.sessionId ? listening.partial || words : listening.partial;
  const turn = state.turn?.id === turnId ? null : state.turn;
  return { ...state, listening: { ...listening, partial }, messages, turn, speakingId: "", ducked: false };
}

/** Apply `turn_accepted`. A turn that was requested without a message, or that changes the history, has no bubble. */
export function accepted(state: PageState, event: EventOf<"turn_accepted">): PageState {
  const { turn_id: turnId, source } = event;
  const requestedTurn = state.requestedTurn === turnId ? "" : state.requestedTurn;
  const isMessage = source === "typed" || source === "spoken";
  const messages = isMessage ? withMessage(state, turnId, event.text, source) : state.messages;
  const cleared = withoutNotices(withoutNotices(state, "transcript"), "composer");
  // Repeated after a reconnect: the turn is already running.
  const fresh: Turn = { id: turnId, replies: [], textComplete: false, stopped: false };
  const turn = state.turn?.id === turnId ? state.turn : fresh;
  const pendingChanges = withAcceptedChange(state.pendingChanges, turnId);
  return { ...cleared, notices: without(cleared.notices, "unavailable"), messages, turn, requestedTurn, pendingChanges };
}

function withMessage(
  state: PageState,
  turnId: string,
  text: string,
  source: UserMessage["source"],
): PageState["messages"] {
  const known = state.messages.find((each) => each.kind === "user" && each.id === turnId);
  const to = known?.kind === "user" ? known.to : null;
  const message: UserMessage = { kind: "user", id: turnId, text, source, delivery: "safe", to, unanswered: "" };
  // A reopened message moves to the end: other messages may have come meanwhile.
  const isShown = known?.kind === "user" && known.delivery !== "reopened";
  const others = known && !isShown ? state.messages.filter((each) => each !== known) : state.messages;
  return isShown ? state.messages.map((each) => (each.id === turnId ? message : each)) : [...others, message];
}

/** Why no character answered; `""` if the text asked for it ("Stop", "Not you"). */
function whyUnanswered({ answering, characters }: PageState): string {
  const active = characters.filter((each) => each.active);
  if (active.length === 0) return "";
  if (active.every(({ id }) => isMuted(answering, id))) return texts.bubble.allMuted;
  return shownMode(answering) === "named" ? texts.bubble.noneNamed : "";
}

/** Apply `turn_complete`. If no character answers because of the conversation's rules, the page says so. */
export function completed(state: PageState, turnId: string): PageState {
  const { turn } = state;
  if (turn?.id !== turnId) return state;
  const next = { ...state, turn: { ...turn, textComplete: true } };
  const own = state.messages.findLast((each) => each.kind === "user" && each.id === turnId);
  if (own?.kind !== "user" || own.to !== null || turn.quiet || turn.replies.length > 0) return next;
  const unanswered = whyUnanswered(state);
  if (!unanswered) return next;
  const messages = state.messages.map((each) => (each === own ? { ...own, unanswered } : each));
  return { ...next, messages, announcement: unanswered };
}
