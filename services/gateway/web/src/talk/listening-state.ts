/**
 * The state of the microphone and the listening session, the inputs and effects of its state machine
 * (`listening-machine.ts`), and what the page shows of it. Pure.
 */

import type { ContextState } from "../audio/context-state";
import { texts } from "../texts";

/** Why the sound has stopped. */
export type PauseReason = "interrupted" | "hidden" | "suspended" | "muted" | "silent";

export interface ListeningState {
  /** True while the user wants to talk: hands-free is on, or the push-to-talk button is held. */
  readonly wanted: boolean;
  readonly device: "closed" | "opening" | "open";
  /** The name of the device that was opened last. */
  readonly label: string;
  /** True while the device is opened again after it was lost. */
  readonly replacing: boolean;
  /** How often the device was opened again since the last steady session. */
  readonly replacements: number;
  readonly context: ContextState;
  readonly resumes: number;
  readonly resumeAtMs: number;
  readonly muted: boolean;
  readonly permission: PermissionState | "unknown";
  readonly hidden: boolean;
  /** Whether frames arrive from the device. `awaited`: it was opened a moment ago, or the machine slept. */
  readonly flow: "awaited" | "arriving" | "stopped";
  readonly flowSinceMs: number;
  /** Since when the sound is blocked; null if it is not. */
  readonly pausedSinceMs: number | null;
  /** True while the conversation's connection is up. */
  readonly live: boolean;
  /** `asked`: `start_listening` was sent; `ready`: the recognizer waits for speech. */
  readonly session: "none" | "asked" | "ready";
  readonly sessionSinceMs: number;
  /** The id of the session; `""` until the server has told it. */
  readonly sessionId: string;
  readonly earlierId: string;
  /** How many `listening_started` events are still to come. */
  readonly answersDue: number;
  /** How often the server has ended a session since the last steady one. */
  readonly failures: number;
  readonly restartAtMs: number;
  /** When to close the device, if the user does not want to talk by then. */
  readonly closeAtMs: number;
}

export type ListeningInput =
  | { on: "start" }
  /** The user points at the button: open the microphone without a session, so that the first word is not lost. */
  | { on: "warm_up" }
  | { on: "stop"; keepWarm: boolean }
  | { on: "opened"; label: string; context: ContextState; muted: boolean }
  | { on: "open_failed"; problem: string }
  | { on: "context"; state: ContextState }
  | { on: "ended" }
  | { on: "muted"; muted: boolean }
  | { on: "permission"; permission: PermissionState }
  | { on: "hidden"; hidden: boolean }
  /** A click or a key press: browsers may start the sound only now. */
  | { on: "gesture" }
  /** The first frame since the sound had stopped, or since the device was opened. */
  | { on: "frame" }
  /**
   * Several times a second. `frameMs`: when the last frame came. `gapMs`: the time since the last frame or tick before
   * this one, by the wall clock, which also runs during sleep.
   */
  | { on: "tick"; frameMs: number; gapMs: number }
  /** The conversation is open on a new connection, or another conversation is open. The server has no session. */
  | { on: "live" }
  | { on: "connection_lost" }
  /** The server has sent this page away: another page has the conversation, or the token is wrong. */
  | { on: "dismissed" }
  | { on: "session_started"; id: string }
  | { on: "recognizer_ready"; id: string }
  | { on: "session_stopped"; id: string; cause: string }
  /** The server refused PCM because it has no session. */
  | { on: "pcm_refused" };

export type ListeningEffect =
  | { do: "open" }
  | { do: "close" }
  | { do: "resume" }
  | { do: "start_session" }
  | { do: "stop_session" }
  | { do: "tell"; text: string; serious: boolean };

/** The state that the page shows. `listening`: sound arrives, and the recognizer waits for speech. */
export interface MicrophoneView {
  readonly microphone: "off" | "opening" | "starting" | "listening" | "paused";
  /** Why the microphone is paused; `""` if it is not. */
  readonly pause: string;
  readonly sessionId: string;
}

export const LISTENING_OFF: ListeningState = {
  wanted: false,
  device: "closed",
  label: "",
  replacing: false,
  replacements: 0,
  context: "suspended",
  resumes: 0,
  resumeAtMs: 0,
  muted: false,
  permission: "unknown",
  hidden: false,
  flow: "awaited",
  flowSinceMs: 0,
  pausedSinceMs: null,
  live: false,
  session: "none",
  sessionSinceMs: 0,
  sessionId: "",
  earlierId: "",
  answersDue: 0,
  failures: 0,
  restartAtMs: 0,
  closeAtMs: 0,
};

export function viewOf(state: ListeningState): MicrophoneView {
  const { wanted, device, flow, session, sessionId } = state;
  const shown = (microphone: MicrophoneView["microphone"], pause = ""): MicrophoneView => ({
    microphone,
    pause,
    sessionId,
  });
  if (!wanted) return shown("off");
  if (device !== "open") return shown("opening");
  const reason = pauseReason(state);
  // A context is suspended until it has started.
  if (reason && !(flow === "awaited" && (reason === "suspended" || reason === "hidden"))) {
    return shown("paused", texts.microphone.pauses[reason]);
  }
  return shown(flow === "arriving" && session === "ready" ? "listening" : "starting");
}

export function pauseReason({ context, hidden, muted, flow }: ListeningState): PauseReason | null {
  if (context === "interrupted") return "interrupted";
  if (context !== "running") return hidden ? "hidden" : "suspended";
  if (muted) return "muted";
  return flow === "stopped" ? "silent" : null;
}

export type Step = readonly [ListeningState, readonly ListeningEffect[]];

export const tell = (text: string, serious = true): ListeningEffect => ({ do: "tell", text, serious });

/** Give up until the user presses the button. */
export function off(state: ListeningState, why: string, nowMs: number): Step {
  return [{ ...state, wanted: false, closeAtMs: nowMs }, state.wanted ? [tell(why)] : []];
}
