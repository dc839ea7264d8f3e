/** Which characters sit at the table of the conversation: what the server says, and the user's changes to it. Pure. */

import type { CastChange } from "../wire/commands";
import type { EventOf, Participant } from "../wire/events";
import type { PageState } from "./page-state";

export interface Cast {
  /** What the server has confirmed; null before its first answer. */
  readonly confirmed: ConfirmedCast | null;
  /** The user's changes that the server has not confirmed yet. */
  readonly pending: CastChange;
  /** The characters that the user seated last in this browser; null: none. A new conversation takes them. */
  readonly remembered: readonly string[] | null;
  /** The conversation has no turn yet. */
  readonly isNew: boolean;
}

export interface ConfirmedCast {
  /** The ids in order; null: all active characters. */
  readonly characters: readonly string[] | null;
  /** The characters are told what was said while they were not at the table. */
  readonly told: boolean;
}

export const UNKNOWN_CAST: Cast = { confirmed: null, pending: {}, remembered: null, isNew: false };

/**
 * The characters, those at the table first, in order. In the result, `active` says whether a character sits at the table
 * of this conversation.
 */
export function atTable(shelf: readonly Participant[], cast: Cast): readonly Participant[] {
  const seats = cast.pending.characters ?? cast.confirmed?.characters ?? fromBefore(shelf, cast);
  if (!seats) return shelf;
  const place = (id: string) => (seats.includes(id) ? seats.indexOf(id) : seats.length);
  return shelf
    .map((character) => ({ ...character, active: seats.includes(character.id) }))
    .toSorted((one, other) => place(one.id) - place(other.id));
}

/** The characters to seat before the first turn of a new conversation; null if nothing is to be sent. */
export function castToSend(shelf: readonly Participant[], cast: Cast): readonly string[] | null {
  return cast.confirmed?.characters === null && !cast.pending.characters ? fromBefore(shelf, cast) : null;
}

function fromBefore(shelf: readonly Participant[], { remembered, isNew }: Cast): readonly string[] | null {
  const known = isNew ? (remembered ?? []).filter((id) => shelf.some((character) => character.id === id)) : [];
  return known.length > 0 ? known : null;
}

/** False until the page knows who sits at the table: a change would be made of a guess, and replace the whole list. */
export function isCastKnown({ charactersKnown, cast }: Pick<PageState, "charactersKnown" | "cast">): boolean {
  return charactersKnown && cast.confirmed !== null;
}

/** True if a change is sent at once. A conversation without a turn gets its cast with the first one. */
export function isCastKept({ isNew, confirmed }: Cast): boolean {
  return !isNew || (confirmed?.characters ?? null) !== null;
}

export function isTold({ confirmed, pending }: Cast): boolean {
  return pending.told ?? confirmed?.told ?? false;
}

/** Apply the server's answer. The answer to an earlier change does not confirm a later one. */
export function withCast(cast: Cast, { characters, told }: EventOf<"cast">): Cast {
  const confirmed: ConfirmedCast = { characters, told };
  const open = Object.entries(cast.pending).filter(
    ([name, value]) => String(confirmed[name as keyof ConfirmedCast]) !== String(value),
  );
  return { ...cast, confirmed, pending: Object.fromEntries(open) };
}
