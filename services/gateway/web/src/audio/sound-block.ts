/** Why the sound of a reply cannot be heard. Pure. */

import type { ContextState } from "./context-state";

/**
 * `policy`: browsers play no sound before the user has interacted with the page. `no_output`: the sound does not start
 * although the user has clicked, as in Firefox on a machine without a loudspeaker. `interrupted`: the sound has stopped
 * later, because of a call, the lock screen or another app. `""`: nothing blocks it, or there is no sound to play.
 */
export type SoundBlock = "" | "policy" | "no_output" | "interrupted";

export interface SoundState {
  readonly hasSound: boolean;
  readonly context: ContextState;
  /** The context has played before. */
  readonly hasRun: boolean;
  /** The user clicked a while ago, and the context did not start. */
  readonly clickFailed: boolean;
}

export function soundBlock({ hasSound, context, hasRun, clickFailed }: SoundState): SoundBlock {
  if (!hasSound || context === "running") return "";
  if (hasRun || context === "interrupted") return "interrupted";
  return clickFailed ? "no_output" : "policy";
}
