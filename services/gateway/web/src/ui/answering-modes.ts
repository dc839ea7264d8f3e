/** Names and explanations of the modes of who answers. */

import type { AnsweringMode } from "../wire/events";

export interface ModeText {
  readonly mode: AnsweringMode;
  readonly label: string;
  /** Who answers a message that names no character. */
  readonly meaning: string;
}

export const MODES: readonly ModeText[] = [
  { mode: "fitting", label: "Fitting", meaning: "the one you speak to, or one or two whom it suits" },
  { mode: "everyone", label: "Everyone", meaning: "all of them" },
  { mode: "named", label: "Only who is named", meaning: "nobody" },
  { mode: "in_turn", label: "In turn", meaning: "the next one after the last speaker" },
];

/** The name of a mode; null means that it is not known which mode is the server's default. */
export function modeLabel(mode: AnsweringMode | null): string {
  return MODES.find((each) => each.mode === mode)?.label ?? "Default";
}
