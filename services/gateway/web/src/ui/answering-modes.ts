/** The modes of who answers, in the order of the menu. */

import { texts } from "../texts";
import type { AnsweringMode } from "../wire/events";

export const MODES: readonly AnsweringMode[] = ["fitting", "everyone", "named", "in_turn"];

/** The name of a mode; null means that it is not known which mode is the server's default. */
export function modeLabel(mode: AnsweringMode | null): string {
  return mode ? texts.whoAnswers.modes[mode].label : texts.whoAnswers.defaultMode;
}
