/**
 * What happens to the voice when the user makes a sound: lower it at once, then either cut it off or go on.
 *
 * The recognizer hears a sound long before it knows whether it was a word. Until then the voice is only ducked, so a
 * cough costs a moment of quiet and not the sentence. Pure: time comes in with what happened.
 */

import type { ServerEvent } from "../wire/events";

export interface BargeIn {
  /** When the voice was lowered; null: it is not. */
  readonly duckedAtMs: number | null;
  readonly recording: boolean;
}

export type BargeInCommand = "duck" | "unduck" | "flush" | null;

export const NOT_DUCKED: BargeIn = { duckedAtMs: null, recording: false };

/** A recognizer that says nothing for so long after a sound has lost it; the voice comes back. */
export const LONGEST_DUCK_MS = 12_000;

export function onServerEvent(state: BargeIn, event: ServerEvent, speaking: boolean, nowMs: number): [BargeIn, BargeInCommand] {
  switch (event.type) {
    case "vad_start":
      return duck(state, speaking, nowMs);
    case "recording_start":
      return duck({ ...state, recording: true }, speaking, nowMs);
    case "recording_stop":
      return [{ ...state, recording: false }, null];
    case "vad_stop":
      // No utterance came of it, so no transcript will say that it was a false alarm.
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

/** Time has passed. */
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
