/** Why the sound of a reply cannot be heard. Pure. */

import type { ContextState } from "./context-state";

/**
 * `policy`: browsers play no sound before the user has interacted with the page. `interrupted`: the sound has stopped
 * later, because of a call, the lock screen or another app. `""`: nothing blocks it, or there is no sound to play.
 */
export type SoundBlock = "" | "policy" | "interrupted";

/** @param hasRun the context has played before */
export function soundBlock(hasSound: boolean, context: ContextState, hasRun: boolean): SoundBlock {
  if (!hasSound || context === "running") return "";
  return hasRun || context === "interrupted" ? "interrupted" : "policy";
}
