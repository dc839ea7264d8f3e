/** Who answers in the conversation: the rules that the server has, and the user's changes to them. Pure. */

import type { AnsweringChange } from "../wire/commands";
import type { AnsweringMode, EventOf } from "../wire/events";

export interface Rules {
  /** null: the server's default. */
  readonly mode: AnsweringMode | null;
  /** The ids of the characters that answer only if they are called by name. */
  readonly muted: readonly string[];
  /** The most replies that the characters give among themselves to one message; 0: they do not. */
  readonly discussion: number;
}

export interface Answering {
  /** The rules that the server has confirmed; null before its first answer. */
  readonly confirmed: Rules | null;
  /** The server's default for `mode`; null if the server does not say it. */
  readonly defaultMode: AnsweringMode | null;
  /** The user's changes that the server has not confirmed yet. */
  readonly pending: AnsweringChange;
}

export const UNKNOWN_ANSWERING: Answering = { confirmed: null, defaultMode: null, pending: {} };
const DEFAULT_RULES: Rules = { mode: null, muted: [], discussion: 0 };
/** The number of replies when the user switches on that the characters talk among themselves. */
export const USUAL_DISCUSSION = 6;
/** The server's upper bound of `discussion`. */
export const DISCUSSION_MAX = 20;

/** The rules to show: the confirmed rules with the pending changes applied. */
export function shownRules({ confirmed, pending }: Answering): Rules {
  return { ...(confirmed ?? DEFAULT_RULES), ...pending };
}

/** The mode that applies; null if it is not known. */
export function shownMode(answering: Answering): AnsweringMode | null {
  return shownRules(answering).mode ?? answering.defaultMode;
}

export function isMuted(answering: Answering, characterId: string): boolean {
  return shownRules(answering).muted.includes(characterId);
}

/** The change that mutes a character, or ends that. */
export function muting(answering: Answering, characterId: string, muted: boolean): AnsweringChange {
  const others = shownRules(answering).muted.filter((id) => id !== characterId);
  return { muted: muted ? [...others, characterId] : others };
}

export function withChange(answering: Answering, change: AnsweringChange): Answering {
  return { ...answering, pending: { ...answering.pending, ...change } };
}

/** Forget changes that are not confirmed: the server refused them, or they were lost with the connection. */
export function withoutPending(answering: Answering): Answering {
  return { ...answering, pending: {} };
}

/** Apply the server's answer. The answer to an earlier change does not confirm a later one. */
export function withConfirmed(answering: Answering, event: EventOf<"answering">): Answering {
  const rules: Rules = { mode: event.mode, muted: event.muted, discussion: event.discussion };
  const open = Object.entries(answering.pending).filter(
    ([name, value]) => String(rules[name as keyof Rules]) !== String(value),
  );
  return { confirmed: rules, defaultMode: event.default_mode, pending: Object.fromEntries(open) };
}
