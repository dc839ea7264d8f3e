/**
 * The part of the reducer that records which character's model is reasoning before it writes a reply (event
 * `thinking`). Pure.
 */

import type { ServerEvent } from "../wire/events";
import type { PageState, Thinking } from "./page-state";
import { nameOf } from "./replies";

export function thinkingOf(state: PageState, event: ServerEvent & { type: "thinking" }): Thinking {
  return {
    turnId: event.turn_id,
    messageId: event.message_id,
    characterId: event.character_id,
    name: event.character_name || nameOf(state, event.character_id),
  };
}

/**
 * Remove `thinking` from the state if this event ends the reasoning: the reply has text, or the reply or the turn is
 * over.
 */
export function withoutThinking(state: PageState, event: ServerEvent): PageState {
  return state.thinking && ends(event, state.thinking) ? { ...state, thinking: null } : state;
}

function ends(event: ServerEvent, { turnId, messageId }: Thinking): boolean {
  switch (event.type) {
    case "message_started":
    case "llm_chunk":
    case "message_resumed":
    case "message_complete":
      return event.message_id === messageId;
    case "turn_complete":
    case "turn_reopened":
      return event.turn_id === turnId;
    case "error":
      return event.turn_id === turnId || event.message_id === messageId;
    case "turn_accepted":
      // After a reconnect the server repeats this event for the turn in progress, and then repeats the `thinking` event
      // as well.
      return true;
    case "interrupted":
      return true;
    default:
      return false;
  }
}
