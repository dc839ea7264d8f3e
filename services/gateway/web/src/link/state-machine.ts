/**
 * The connection's state machine: decides when to connect, from which position to resume, and how long to wait.
 *
 *     off ──▶ connecting ──▶ greeting ──▶ live     a conversation of which this page has no events yet
 *                 ▲    └──────▶ resuming ──▶ live    a conversation to resume; the URL contains the position
 *                 └── waiting ◀── (closed)           after close code 4001 or 1008: replaced or refused, no retry
 *
 * Pure: `step` takes the state, an input and a random number. It returns the new state, and the effects that
 * `socket.ts` carries out.
 */

import type { LastAudio } from "../wire/commands";
import type { ServerEvent } from "../wire/events";
import { compareIds } from "../wire/stream-id";

export type Phase = "off" | "connecting" | "greeting" | "resuming" | "live" | "waiting" | "replaced" | "refused";

export interface LinkState {
  readonly phase: Phase;
  /** `""` for a new conversation. */
  readonly conversationId: string;
  readonly lastEventId: string;
  readonly lastAudio: LastAudio | null;
  /** Number of failed attempts to connect since the last success. */
  readonly failures: number;
  /** The reason that the server gave when it refused the connection. */
  readonly reason: string;
}

/** The position that the connection's URL contains. */
export type Position = Pick<LinkState, "conversationId" | "lastEventId" | "lastAudio">;

export type Input =
  | { on: "connect"; conversationId: string }
  | { on: "socket_opened" }
  | { on: "socket_closed"; code: number; reason: string }
  | { on: "event"; event: ServerEvent }
  | { on: "audio"; messageId: string; id: string }
  | { on: "retry_due" }
  | { on: "network_back" }
  | { on: "leave" };

export type Effect =
  | { do: "connect"; at: Position }
  | { do: "disconnect" }
  | { do: "retry_in"; ms: number }
  | { do: "deliver" }
  | { do: "now_live" };

/** The delay before a reconnect: after the first failure, and its maximum after many failures. */
interface RetryDelay {
  readonly firstMs: number;
  readonly longestMs: number;
}

/** Short delays, because the user is waiting, and a restarted server is back within seconds. */
export const RETRY_DELAY: RetryDelay = { firstMs: 250, longestMs: 4_000 };
/** The delays after close code 1013: the server is full, so the page must not ask several times a second. */
export const RETRY_DELAY_WHEN_FULL: RetryDelay = { firstMs: 4_000, longestMs: 8_000 };

export const OFF: LinkState = {
  phase: "off",
  conversationId: "",
  lastEventId: "",
  lastAudio: null,
  failures: 0,
  reason: "",
};

/** @param random in [0, 1); spreads the reconnects of many pages after a server restart */
export function step(state: LinkState, input: Input, random: number): [LinkState, readonly Effect[]] {
  switch (input.on) {
    case "connect": {
      // The marks of a replaced page are old: the other page has played on. Without them, the server continues there.
      const hasMarks = state.phase !== "replaced" && input.conversationId !== "";
      const known = hasMarks && state.conversationId === input.conversationId;
      const base = known ? state : { ...OFF, conversationId: input.conversationId };
      const leave: Effect[] = state.phase === "off" ? [] : [{ do: "disconnect" }];
      return [connecting({ ...base, failures: 0, reason: "" }), [...leave, connectTo(base)]];
    }
    case "leave":
      return [OFF, [{ do: "disconnect" }]];
    case "socket_opened":
      if (state.phase !== "connecting") return [state, []];
      return [{ ...state, phase: state.lastEventId || state.lastAudio ? "resuming" : "greeting" }, []];
    case "socket_closed":
      return closed(state, input, random);
    case "retry_due":
    case "network_back":
      if (state.phase === "waiting") return [connecting(state), [connectTo(state)]];
      // An attempt may hang without an answer.
      return state.phase === "connecting" ? [state, [{ do: "disconnect" }, connectTo(state)]] : [state, []];
    case "event":
      return received(state, input.event);
    case "audio":
      if (state.phase !== "live") return [state, []];
      return [{ ...state, lastAudio: { message_id: input.messageId, id: input.id } }, [{ do: "deliver" }]];
  }
}

function connecting(state: LinkState): LinkState {
  return { ...state, phase: "connecting" };
}

function connectTo({ conversationId, lastEventId, lastAudio }: LinkState): Effect {
  return { do: "connect", at: { conversationId, lastEventId, lastAudio } };
}

function closed(
  state: LinkState,
  { code, reason }: { code: number; reason: string },
  random: number,
): [LinkState, Effect[]] {
  if (state.phase === "off") return [state, []];
  if (code === 4001) return [{ ...state, phase: "replaced", reason }, []];
  if (code === 1008) return [{ ...state, phase: "refused", reason }, []];
  const { firstMs, longestMs } = code === 1013 ? RETRY_DELAY_WHEN_FULL : RETRY_DELAY;
  const ceiling = Math.min(longestMs, firstMs * 2 ** Math.min(state.failures, 16));
  // Jitter: a random delay between half of the ceiling and the ceiling.
  const ms = Math.round(ceiling * (0.5 + random / 2));
  return [{ ...state, phase: "waiting", failures: state.failures + 1 }, [{ do: "retry_in", ms }]];
}

function received(state: LinkState, event: ServerEvent): [LinkState, readonly Effect[]] {
  if (event.type === "conversation_started") return started(state, event);
  if (state.phase === "resuming" || state.phase === "greeting") {
    if (event.type !== "error") return [state, []];
    if (event.code !== "unknown_conversation") return [state, [{ do: "deliver" }]];
    const fresh = { ...OFF, failures: state.failures };
    return [connecting(fresh), [{ do: "deliver" }, { do: "disconnect" }, connectTo(fresh)]];
  }
  if (event.type === "audio_complete" && event.id) {
    return [{ ...state, lastAudio: { message_id: event.message_id, id: event.id } }, [{ do: "deliver" }]];
  }
  if (event.eventId === "") return [state, [{ do: "deliver" }]];
  if (compareIds(event.eventId, state.lastEventId) <= 0) return [state, []];
  return [{ ...state, lastEventId: event.eventId }, [{ do: "deliver" }]];
}

function started(
  state: LinkState,
  event: ServerEvent & { type: "conversation_started" },
): [LinkState, readonly Effect[]] {
  const same = event.conversation_id === state.conversationId;
  const live: LinkState = {
    phase: "live",
    conversationId: event.conversation_id,
    lastEventId: event.eventId || (same ? state.lastEventId : ""),
    lastAudio: same ? state.lastAudio : null,
    failures: 0,
    reason: "",
  };
  return [live, [{ do: "deliver" }, { do: "now_live" }]];
}
