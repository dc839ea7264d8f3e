/** What the page and the playback worklet say to each other. */

import type { Report } from "./playback-report";

export const PLAYBACK_PROCESSOR = "tertulia-playback";

/** How much sound the worklet holds; the rest waits with the page. */
export const WORKLET_CAPACITY_MS = 4_000;

export type ToWorklet =
  | { do: "push"; messageId: string; sentence: number; chunk: number; samples: Int16Array<ArrayBuffer> }
  | { do: "end"; messageId: string }
  | { do: "flush"; token: number }
  | { do: "duck"; on: boolean }
  | { do: "volume"; volume: number };

/**
 * `token` is the last flush carried out: what was measured before it is of no use any more. `atMs` is the end of
 * the block being rendered, by the audio clock.
 */
export type FromWorklet = Report & { readonly token: number; readonly atMs: number };

export interface PlaybackOptions {
  /** Hz of the sound that is pushed. */
  readonly speechRate: number;
  readonly checksums: boolean;
}
