/** Names and explanations of the modes of who answers. */

import type { AnsweringMode } from "../wire/events";

export interface ModeText {
  readonly mode: AnsweringMode;
  readonly label: string;
  /** Who answers a message that names no character. */
  readonly meaning: string;
}

export const MODES: readonly ModeText[] = [
  { mode: "fitting", label: "Fitting", meaning: "the character you are talking to, or one or two who join in" },
  { mode: "everyone", label: "Everyone", meaning: "every character" },
  { mode: "named", label: "Only when named", meaning: "no one" },
  { mode: "in_turn", label: "In turn", meaning: "the character after the last speaker" },
];

/** The name of a mode; null means that it is not known which mode is the server's default. */
export function modeLabel(mode: AnsweringMode | null): string {
  return MODES.find((each) => each.mode === mode)?.label ?? "Default";
}
