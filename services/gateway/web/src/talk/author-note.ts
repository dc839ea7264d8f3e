/** The author's note of the conversation: what the server says, and the user's changes to it. Pure. */

import type { NoteChange } from "../wire/commands";
import type { EventOf } from "../wire/events";

/** The server's upper bounds. */
export const NOTE_MAX_CHARS = 2_000;
export const NOTE_MAX_DEPTH = 50;
const DEPTH = 4;

export interface AuthorNote {
  readonly text: string;
  /** How many messages of the history follow the note. */
  readonly depth: number;
}

export interface NoteState {
  /** What the server has confirmed; null before its first answer. */
  readonly confirmed: AuthorNote | null;
  /** The user's changes that the server has not confirmed yet, or that wait for the first turn of the conversation. */
  readonly pending: NoteChange;
}

export const UNKNOWN_NOTE: NoteState = { confirmed: null, pending: {} };

export function shownNote({ confirmed, pending }: NoteState): AuthorNote {
  return { text: "", depth: DEPTH, ...confirmed, ...pending };
}

/** Apply the server's answer. The answer to an earlier change does not confirm a later one. */
export function withNote({ pending }: NoteState, { text, depth }: EventOf<"note">): NoteState {
  const confirmed: AuthorNote = { text, depth };
  const open = Object.entries(pending).filter(([name, value]) => confirmed[name as keyof AuthorNote] !== value);
  return { confirmed, pending: Object.fromEntries(open) };
}
