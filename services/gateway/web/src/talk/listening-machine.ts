/**
 * The state machine of the microphone and the listening session: decides when to open and close the device, when to
 * begin and end a session, and what the page shows.
 *
 * A session is open only while sound arrives from the device. If the sound stops (a call, the lock screen, a muted or
 * unplugged device, a machine that sleeps), the session is stopped, so that the words before are transcribed, and a new
 * one begins when there is sound again. A session that the server has ended is begun again after a delay.
 *
 * Pure: `step` takes the state, an input and the time. It returns the new state, and the effects that `listening.ts`
 * carries out.
 */

import type { ContextState } from "../audio/context-state";
import { texts } from "../texts";
import { endSession, sessionChange, withoutSession } from "./listening-session";
import {
  type ListeningEffect,
  type ListeningInput,
  type ListeningState,
  off,
  type PauseReason,
  pauseReason,
  type Step,
  tell,
} from "./listening-state";

/**
 * How long the microphone stays open after the push-to-talk button was released, or after the user has pointed at the
 * button, so that the first word after the next press is not lost.
 */
export const WARM_MS = 20_000;
/** Frames come every 32 ms. Without one for this long, the sound has stopped. */
export const FLOW_STOPS_MS = 1_000;
/** How long the first frame may take. Bluetooth devices need a second or two. */
export const FIRST_FRAME_MS = 3_000;
/** A shorter interruption does not end the session. */
export const PAUSE_ENDS_SESSION_MS = 1_000;
/** After a longer pause, the microphone is off until the user presses the button: the user may no longer expect it. */
export const LONGEST_PAUSE_MS = 5 * 60_000;
/** If a device delivers nothing for this long, although nothing is known to be wrong, it is opened again. */
export const REPLACE_AFTER_MS = 3_000;
export const MOST_REPLACEMENTS = 3;
/** If neither a tick nor a frame came for this long, the page was busy, and frames may wait in the queue. */
const BUSY_MS = 1_500;
/** If neither a tick nor a frame came for this long, the machine has slept, or the browser has frozen the page. */
export const ASLEEP_MS = 5_000;
const FIRST_RESUME_MS = 500;
const LONGEST_RESUME_MS = 8_000;
/** After this time a session counts as successful. */
export const STEADY_MS = 10_000;

/** @param nowMs a clock that never goes back, such as `performance.now()` */
export function step(state: ListeningState, input: ListeningInput, nowMs: number): Step {
  const [changed, effects] = change(state, input, nowMs);
  const [settled, more] = settle(changed, nowMs);
  return [settled, [...effects, ...more]];
}

// -- the effect of each input

function change(state: ListeningState, input: ListeningInput, nowMs: number): Step {
  switch (input.on) {
    case "start":
      return [state.wanted ? state : begun(state, nowMs), []];
    case "warm_up":
      return warmUp(state, nowMs);
    case "stop":
      return stopped(state, input.keepWarm, nowMs);
    case "dismissed":
      return [{ ...disconnected(state), wanted: false, closeAtMs: nowMs }, []];
    case "opened":
      return opened(state, input, nowMs);
    case "open_failed":
      return off({ ...state, device: "closed", replacing: false }, input.problem, nowMs);
    case "context":
      return input.state === "closed" ? replace(state, nowMs) : [contextChange(state, input.state, nowMs), []];
    case "ended":
      return replace(state, nowMs);
    case "muted":
      return [{ ...state, muted: input.muted }, []];
    case "permission":
      return permissionChange(state, input.permission, nowMs);
    case "hidden":
      return [resumeNow({ ...state, hidden: input.hidden }, nowMs), []];
    case "gesture":
      return [resumeNow(state, nowMs), []];
    case "frame":
      return [{ ...state, flow: "arriving", flowSinceMs: nowMs }, []];
    case "tick":
      return tick(state, input, nowMs);
    case "live":
      return [{ ...disconnected(state), live: true, restartAtMs: nowMs }, []];
    case "connection_lost":
      return [disconnected(state), []];
    default:
      return sessionChange(state, input, nowMs);
  }
}

function begun(state: ListeningState, nowMs: number): ListeningState {
  return {
    ...resumeNow(state, nowMs),
    wanted: true,
    replacements: 0,
    pausedSinceMs: null,
    failures: 0,
    restartAtMs: nowMs,
  };
}

/** Only a user who has talked before expects that the page opens the microphone, and has given the permission. */
function warmUp(state: ListeningState, nowMs: number): Step {
  if (state.wanted || state.label === "" || state.permission !== "granted" || state.hidden) return [state, []];
  const closeAtMs = Math.max(state.closeAtMs, nowMs + WARM_MS);
  if (state.device !== "closed") return [{ ...state, closeAtMs }, []];
  return [{ ...state, closeAtMs, device: "opening" }, [{ do: "open" }]];
}

function disconnected(state: ListeningState): ListeningState {
  return { ...withoutSession(state), live: false, answersDue: 0 };
}

function resumeNow(state: ListeningState, nowMs: number): ListeningState {
  return { ...state, resumes: 0, resumeAtMs: nowMs };
}

function awaitingFrames(state: ListeningState, nowMs: number): ListeningState {
  return { ...resumeNow(state, nowMs), flow: "awaited", flowSinceMs: nowMs };
}

function contextChange(state: ListeningState, context: ContextState, nowMs: number): ListeningState {
  const isBack = context === "running" && state.flow === "stopped";
  return { ...(isBack ? awaitingFrames(state, nowMs) : resumeNow(state, nowMs)), context };
}

/**
 * For a permission that holds for one visit, some browsers report another state than `granted`. So only `denied`, and a
 * change from `granted`, close the microphone.
 */
function permissionChange(state: ListeningState, permission: PermissionState, nowMs: number): Step {
  const isWithdrawn = state.permission === "granted" && permission !== "granted" && state.device === "open";
  const next = { ...state, permission };
  return isWithdrawn || permission === "denied" ? off(next, texts.microphone.forbidden, nowMs) : [next, []];
}

function stopped(state: ListeningState, keepWarm: boolean, nowMs: number): Step {
  if (!state.wanted) return [keepWarm ? state : { ...state, closeAtMs: nowMs }, []];
  const closeAtMs = nowMs + (keepWarm ? WARM_MS : 0);
  const isUnsent = state.device === "open" && state.flow === "arriving" && !state.live;
  return [{ ...state, wanted: false, closeAtMs }, isUnsent ? [tell(texts.microphone.notSent)] : []];
}

function opened(state: ListeningState, input: ListeningInput & { on: "opened" }, nowMs: number): Step {
  const { label, context, muted } = input;
  const isAnother = state.replacing && state.wanted && label !== "" && state.label !== "" && label !== state.label;
  const next: ListeningState = {
    ...awaitingFrames(state, nowMs),
    device: "open",
    replacing: false,
    label,
    context,
    muted,
    pausedSinceMs: null,
  };
  return [next, isAnother ? [tell(texts.microphone.replaced(label), false)] : []];
}

function tick(before: ListeningState, { frameMs, gapMs }: ListeningInput & { on: "tick" }, nowMs: number): Step {
  if (gapMs > LONGEST_PAUSE_MS) return off(before, texts.microphone.tooLong(texts.microphone.wasAsleep), nowMs);
  if (gapMs > ASLEEP_MS) {
    const [next, effects] = endSession(before);
    return [awaitingFrames(next, nowMs), effects];
  }
  let state = before;
  const quietMs = nowMs - Math.max(frameMs, state.flowSinceMs);
  const stops = state.flow === "arriving" ? FLOW_STOPS_MS : FIRST_FRAME_MS;
  if (state.flow !== "stopped" && gapMs < BUSY_MS && quietMs > stops) {
    state = { ...state, flow: "stopped", flowSinceMs: nowMs };
  }
  if (state.session === "ready" && nowMs - state.sessionSinceMs > STEADY_MS) {
    state = { ...state, failures: 0, replacements: 0 };
  }
  return [state, []];
}

/** Open the device again, because it was lost or delivers nothing. */
function replace(state: ListeningState, nowMs: number): Step {
  if (state.device !== "open") return [state, []];
  if (!state.wanted) return [{ ...state, closeAtMs: nowMs }, []];
  if (state.replacements >= MOST_REPLACEMENTS) return off(state, texts.microphone.noSoundComes, nowMs);
  const next: ListeningState = { ...state, device: "opening", replacing: true, replacements: state.replacements + 1 };
  return [next, [{ do: "close" }, { do: "open" }]];
}

// -- what follows from the state

function settle(state: ListeningState, nowMs: number): Step {
  if (!state.wanted) return settleOff(state, nowMs);
  if (state.device === "closed") {
    return [{ ...state, device: "opening" }, [{ do: "open" }]];
  }
  const reason = state.device === "open" ? pauseReason(state) : null;
  const isPaused = reason !== null || state.device !== "open";
  const next = { ...state, pausedSinceMs: isPaused ? (state.pausedSinceMs ?? nowMs) : null };
  return isPaused ? settlePaused(next, reason, nowMs) : settleFlowing(next, nowMs);
}

function settleOff(state: ListeningState, nowMs: number): Step {
  const [next, effects] = endSession(state);
  if (next.device !== "open" || nowMs < next.closeAtMs) return [next, effects];
  return [{ ...next, device: "closed" }, [...effects, { do: "close" }]];
}

function settlePaused(before: ListeningState, reason: PauseReason | null, nowMs: number): Step {
  let state = before;
  const effects: ListeningEffect[] = [];
  const pausedMs = nowMs - (state.pausedSinceMs ?? nowMs);
  if (pausedMs >= PAUSE_ENDS_SESSION_MS) {
    const [next, end] = endSession(state);
    state = next;
    effects.push(...end);
  }
  if (reason === null) return [state, effects];
  if (pausedMs > LONGEST_PAUSE_MS) return settleAgain(off(state, texts.microphone.tooLong(texts.microphone.pauses[reason]), nowMs), effects, nowMs);
  if (reason === "silent" && nowMs - state.flowSinceMs >= REPLACE_AFTER_MS) {
    return settleAgain(replace(state, nowMs), effects, nowMs);
  }
  if (state.context !== "running" && nowMs >= state.resumeAtMs) {
    const delayMs = Math.min(LONGEST_RESUME_MS, FIRST_RESUME_MS * 2 ** state.resumes);
    state = { ...state, resumes: Math.min(16, state.resumes + 1), resumeAtMs: nowMs + delayMs };
    effects.push({ do: "resume" });
  }
  return [state, effects];
}

function settleAgain([state, effects]: Step, before: readonly ListeningEffect[], nowMs: number): Step {
  const [settled, more] = settle(state, nowMs);
  return [settled, [...before, ...effects, ...more]];
}

function settleFlowing(state: ListeningState, nowMs: number): Step {
  const mayStart = state.live && state.flow === "arriving" && nowMs >= state.restartAtMs;
  if (state.session !== "none" || !mayStart) return [state, []];
  const asked: ListeningState = {
    ...state,
    session: "asked",
    sessionSinceMs: nowMs,
    answersDue: state.answersDue + 1,
  };
  return [asked, [{ do: "start_session" }]];
}
