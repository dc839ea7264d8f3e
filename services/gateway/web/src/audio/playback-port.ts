/** Messages between the page and the playback worklet. */

import type { Report } from "./playback-report";

export const PLAYBACK_PROCESSOR = "tertulia-playback";

/** Capacity of the worklet's buffer. Sound that does not fit waits in the page's `PlaybackQueue`. */
export const WORKLET_CAPACITY_MS = 4_000;

export type ToWorklet =
  | { do: "push"; messageId: string; sentence: number; chunk: number; samples: Int16Array<ArrayBuffer> }
  | { do: "end"; messageId: string }
  | { do: "flush"; token: number }
  | { do: "duck"; on: boolean }
  | { do: "volume"; volume: number };

/**
 * `token` identifies the last flush that the worklet has carried out. The page uses it to ignore reports from before
 * its newest flush. `atMs` is the time, by the audio clock, at which the block being rendered ends.
 */
export type FromWorklet = Report & { readonly token: number; readonly atMs: number };

export interface PlaybackOptions {
  /** Sample rate of the pushed sound, in Hz. */
  readonly speechRate: number;
  readonly checksums: boolean;
}
