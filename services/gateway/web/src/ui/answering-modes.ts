/** Names and explanations of the modes of who answers. */

import type { AnsweringMode } from "../wire/events";

export interface ModeText {
  readonly mode: AnsweringMode;
  readonly label: string;
  readonly meaning: string;
}

export const MODES: readonly ModeText[] = [
  { mode: "fitting", label: "Fitting", meaning: "The ones you speak to. If you speak to nobody: one or two." },
  { mode: "everyone", label: "Everyone", meaning: "The ones you name. If you name nobody: all of them." },
  { mode: "named", label: "Only who is named", meaning: "The ones you name. If you name nobody: nobody." },
  { mode: "in_turn", label: "In turn", meaning: "The ones you name. If you name nobody: the next one." },
];

/** The name of a mode; null means that it is not known which mode is the server's default. */
export function modeLabel(mode: AnsweringMode | null): string {
  return MODES.find((each) => each.mode === mode)?.label ?? "Default";
}
