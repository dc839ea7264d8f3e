/**
 * Barge-in: lowers the voice as soon as the user makes a sound, then stops it or raises it again.
 *
 * The recognizer detects a sound long before it knows whether it is a word. Until then the voice is only ducked, so a
 * cough does not end the reply. Pure: the caller passes the time.
 */

import type { ServerEvent } from "../wire/events";

export interface BargeIn {
  /** The time at which the voice was ducked; null while it is not ducked. */
  readonly duckedAtMs: number | null;
  readonly recording: boolean;
}

export type BargeInCommand = "duck" | "unduck" | "flush" | null;

export const NOT_DUCKED: BargeIn = { duckedAtMs: null, recording: false };

/** If no event follows a sound for this long, the recognizer has lost it: unduck. */
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
      // Without a recording no transcript follows, so this is the only sign of a false alarm.
      return state.recording ? [state, null] : unduck(state);
    case "transcription_finished":
      return event.turn_id === "" ? unduck({ ...state, recording: false }) : [{ ...state, recording: false }, null];
    case "listening_stopped":
      return unduck({ ...state, recording: false });
    case "interrupted":
      return [NOT_DUCKED, "flush"];
    default:
      return [state, null];
  }
}

/** Unduck after `LONGEST_DUCK_MS`. */
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
