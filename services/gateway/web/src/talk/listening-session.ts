/**
 * The part of the listening state machine that follows the session on the server: its id, its end, and when to begin
 * another. Pure.
 */

import { texts } from "../texts";
import { type ListeningInput, type ListeningState, off, type Step } from "./listening-state";

/** The delays before a session is begun again, by the number of failures. If one more fails, the microphone is off. */
export const RESTART_MS: readonly number[] = [250, 1_000, 2_000, 4_000, 8_000];
/** A refusal of PCM that comes sooner after `start_listening` can concern frames that were sent before it. */
const REFUSAL_COUNTS_AFTER_MS = 3_000;

type SessionInput = Extract<
  ListeningInput,
  { on: "session_started" | "recognizer_ready" | "session_stopped" | "pcm_refused" }
>;

export function sessionChange(state: ListeningState, input: SessionInput, nowMs: number): Step {
  const { session, sessionId, earlierId, answersDue } = state;
  switch (input.on) {
    case "session_started": {
      const due = Math.max(0, answersDue - 1);
      // The user may have stopped the session meanwhile, and begun another.
      if (session === "none" || due > 0) return [{ ...state, answersDue: due, earlierId: input.id }, []];
      return [{ ...state, answersDue: 0, sessionId: input.id }, []];
    }
    case "recognizer_ready": {
      // A server of an earlier release does not send `listening_started`.
      const isOurs = sessionId === "" ? input.id !== earlierId : input.id === sessionId;
      if (session !== "asked" || !isOurs) return [state, []];
      return [{ ...state, session: "ready", sessionId: input.id, sessionSinceMs: nowMs }, []];
    }
    case "session_stopped":
      if (session === "none" || input.id !== sessionId) return [state, []];
      return input.cause === "stopped" ? [withoutSession(state), []] : sessionLost(state, nowMs);
    case "pcm_refused": {
      const isAboutEarlierFrames = answersDue > 0 && nowMs - state.sessionSinceMs < REFUSAL_COUNTS_AFTER_MS;
      return session === "none" || isAboutEarlierFrames ? [state, []] : sessionLost(state, nowMs);
    }
  }
}

function sessionLost(state: ListeningState, nowMs: number): Step {
  const delayMs = RESTART_MS[state.failures];
  if (delayMs === undefined) return off(withoutSession(state), texts.microphone.recognizerFails, nowMs);
  return [{ ...withoutSession(state), failures: state.failures + 1, restartAtMs: nowMs + delayMs }, []];
}

export function endSession(state: ListeningState): Step {
  if (state.session === "none") return [state, []];
  return [withoutSession(state), [{ do: "stop_session" }]];
}

export function withoutSession(state: ListeningState): ListeningState {
  return { ...state, session: "none", sessionId: "", earlierId: state.sessionId || state.earlierId };
}
