/** What the characters call the user: the server's name for the conversation, and the user's change to it. Pure. */

import { texts } from "../texts";
import type { EventOf } from "../wire/events";
import type { PageState } from "./page-state";

/** The server's upper bound. */
export const USER_NAME_MAX = 40;

export interface UserName {
  /** The name of this conversation; `""`: the server's default. */
  readonly own: string;
  /** The server's default; `""` until the server has said it. */
  readonly defaultName: string;
  /** The user's change that the server has not confirmed yet; null if there is none. */
  readonly pending: string | null;
}

export const UNKNOWN_NAME: UserName = { own: "", defaultName: "", pending: null };

/** @param remembered the name that the user gave last in this browser; a new conversation takes it */
export function shownName(state: PageState, remembered: string): string {
  const { own, defaultName, pending } = state.userName;
  return pending ?? (own || nameToSend(state, remembered) || defaultName);
}

/** The name to send before the first turn of a new conversation; `""` if there is nothing to send. */
export function nameToSend({ userName, messages, characters, cast }: PageState, remembered: string): string {
  const hasTurn = messages.some((message) => message.kind === "reply" || message.delivery !== "sending");
  const isOpen = cast.isNew && userName.own === "" && userName.pending === null && !hasTurn;
  return isOpen && remembered !== userName.defaultName && !nameProblem(remembered, characters) ? remembered : "";
}

/** True if the conversation has a name or a message: a change of the name is sent at once. */
export function hasBegun({ userName, messages }: PageState): boolean {
  return messages.length > 0 || userName.own !== "";
}

/** What is wrong with a name; `""` if nothing is, as far as the page knows. */
export function nameProblem(name: string, characters: readonly { readonly name: string }[]): string {
  const chosen = name.trim();
  if (chosen === "") return texts.userName.empty;
  if ([...chosen].length > USER_NAME_MAX) return texts.userName.tooLong(USER_NAME_MAX);
  if (/[<>\p{Cc}]/u.test(chosen)) return texts.userName.badCharacters;
  if (!/[\p{L}\p{N}]/u.test(chosen)) return texts.userName.unspeakable;
  const taken = characters.find((character) => isSameName(character.name, chosen));
  return taken ? texts.userName.taken(taken.name) : "";
}

export function withName(before: UserName, { name, default_name }: EventOf<"user_name">): UserName {
  const isConfirmed = before.pending === name || (before.pending === default_name && name === "");
  return { own: name, defaultName: default_name, pending: isConfirmed ? null : before.pending };
}

export function isSameName(one: string, other: string): boolean {
  return folded(one) === folded(other);
}

function folded(name: string): string {
  return name.normalize("NFKC").trim().toLowerCase().replaceAll(/\s+/gu, " ");
}
