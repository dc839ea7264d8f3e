/** Who the user is in the conversation: what the server says, and the user's change to it. Pure. */

import type { EventOf } from "../wire/events";
import type { PageState } from "./page-state";

/** A persona as it is chosen in a conversation, or was chosen last in this browser. */
export interface ChosenPersona {
  readonly id: string;
  readonly name: string;
}

export interface PersonaChoice {
  /** The persona that the server has confirmed; its id is `""` if there is none. null before the first answer. */
  readonly confirmed: ChosenPersona | null;
  /** The user's change that the server has not confirmed yet; null if there is none. */
  readonly pending: ChosenPersona | null;
}

export const NO_PERSONA: ChosenPersona = { id: "", name: "" };
export const UNKNOWN_PERSONA: PersonaChoice = { confirmed: null, pending: null };

/** @param remembered the persona that was chosen last in this browser; a new conversation takes it */
export function shownPersona(state: PageState, remembered: ChosenPersona | null): ChosenPersona {
  const { confirmed, pending } = state.persona;
  return pending ?? personaToSend(state, remembered) ?? confirmed ?? NO_PERSONA;
}

/** The persona to choose before the first turn of a new conversation; null if nothing is to be sent. */
export function personaToSend({ persona, cast }: PageState, remembered: ChosenPersona | null): ChosenPersona | null {
  const isOpen = cast.isNew && persona.confirmed?.id === "" && persona.pending === null;
  return isOpen && remembered?.id ? remembered : null;
}

/** True if a change is sent at once. A conversation without a turn gets its persona with the first one. */
export function isPersonaKept({ persona, cast }: PageState): boolean {
  return !cast.isNew || (persona.confirmed?.id ?? "") !== "";
}

/** Apply the server's answer. The answer to an earlier change does not confirm a later one. */
export function withPersona(before: PersonaChoice, { persona_id, name }: EventOf<"persona">): PersonaChoice {
  return { confirmed: { id: persona_id, name }, pending: before.pending?.id === persona_id ? null : before.pending };
}
