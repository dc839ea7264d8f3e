/** What the first turn of a conversation depends on. Pure. */

import type { PageState } from "./page-state";

/**
 * False while the page does not know what a new conversation has: the first turn would be sent without the persona and
 * the characters that the user chose last in this browser.
 */
export function canBeginTurn({ cast, charactersKnown, persona }: PageState): boolean {
  return !cast.isNew || (charactersKnown && cast.confirmed !== null && persona.confirmed !== null);
}
