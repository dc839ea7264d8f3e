/** The part of the reducer that knows which character's model reasons before its words (event `thinking`). Pure. */

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

/** The state without `thinking` if this event ends it: the reply has text, or the turn or the reply is over. */
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
      return event.turn_id === turnId;
    case "error":
      return event.turn_id === turnId || event.message_id === messageId;
    case "turn_accepted":
      // After a reconnect the server repeats it for the turn in progress; the `thinking` event then follows again.
      return true;
    case "interrupted":
      return true;
    default:
      return false;
  }
}
