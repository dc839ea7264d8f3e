/**
 * Barge-in: ducks the reply (lowers its volume) as soon as the user makes a sound, then stops the reply or restores its
 * volume.
 *
 * The recognizer detects a sound long before it knows whether the sound is a word. Until then the reply is only ducked,
 * so a cough does not end it. Pure: the caller passes the time.
 */

import type { ServerEvent } from "../wire/events";

export interface BargeIn {
  /** The time at which the reply was ducked; null while it is not ducked. */
  readonly duckedAtMs: number | null;
  readonly recording: boolean;
}

export type BargeInCommand = "duck" | "unduck" | "flush" | null;

export const NOT_DUCKED: BargeIn = { duckedAtMs: null, recording: false };

/** Unduck if no event follows a sound for this long, because the recognizer has lost track of the sound. */
export const LONGEST_DUCK_MS = 12_000;

export function onServerEvent(
  state: BargeIn,
  event: ServerEvent,
  speaking: boolean,
  nowMs: number,
): [BargeIn, BargeInCommand] {
  switch (event.type) {
    case "vad_start":
      return duck(state, speaking, nowMs);
    case "recording_start":
      return duck({ ...state, recording: true }, speaking, nowMs);
    case "recording_stop":
      return [{ ...state, recording: false }, null];
    case "vad_stop":
      // If no recording was started, no transcript follows, so this event is the only sign of a false alarm.
      return state.recording ? [state, null] : unduck(state);
    case "transcription_finished":
      return event.turn_id === "" ? unduck({ ...state, recording: false }) : [{ ...state, recording: false }, null];
    case "listening_stopped":
      return unduck({ ...state, recording: false });
    case "interrupted":
    case "turn_reopened":
      return [NOT_DUCKED, "flush"];
    default:
      return [state, null];
  }
}

/** Unduck if the reply has been ducked for `LONGEST_DUCK_MS`. */
export function onTimePassed(state: BargeIn, nowMs: number): [BargeIn, BargeInCommand] {
  return state.duckedAtMs !== null && nowMs - state.duckedAtMs > LONGEST_DUCK_MS ? unduck(state) : [state, null];
}

function duck(state: BargeIn, speaking: boolean, nowMs: number): [BargeIn, BargeInCommand] {
  if (!speaking || state.duckedAtMs !== null) return [state, null];
  return [{ ...state, duckedAtMs: nowMs }, "duck"];
}

function unduck(state: BargeIn): [BargeIn, BargeInCommand] {
  if (state.duckedAtMs === null) return [state, null];
  return [{ ...state, duckedAtMs: null }, "unduck"];
}
