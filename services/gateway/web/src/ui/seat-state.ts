/** The activity of a character: it speaks, thinks, or waits for its turn to speak. Pure. */

import { type StatusLine, isDismissed } from "../talk/status-line";
import { type PageState, findReply } from "../talk/page-state";
import { texts } from "../texts";
import { reasonText } from "./reasons";

export interface SeatState {
  readonly kind: "speaking" | "thinking" | "next" | "present";
  /** Shown on the place card. */
  readonly words: string;
  /** Why the character answers; `""` if it does not, or if it is not known. */
  readonly why: string;
}

export function seatState(view: PageState, id: string, { mood, characterId: about }: StatusLine): SeatState {
  if (isDismissed(view)) return { kind: "present", words: "", why: "" };
  // Show this badge also while the user speaks over the character.
  const speaking = findReply(view, view.speakingId);
  if (speaking?.characterId === id) return { kind: "speaking", words: "", why: why(speaking.reason) };
  const due = view.turn?.replies.find((reply) => reply.characterId === id && isDue(view, reply.messageId));
  if ((id === about && mood === "thinking") || view.thinking?.characterId === id)
    return { kind: "thinking", words: "", why: why(due?.reason) };
  if (due && (mood === "speaking" || mood === "thinking")) {
    const position = waiting(view, about).indexOf(id);
    return { kind: "next", words: position > 0 ? `${position + 1}` : texts.seat.next, why: why(due.reason) };
  }
  return { kind: "present", words: "", why: "" };
}

/** The characters whose replies come after the current one, in order. */
function waiting(view: PageState, current: string): readonly string[] {
  const due = view.turn?.replies.filter((reply) => isDue(view, reply.messageId)).map((reply) => reply.characterId) ?? [];
  return [...new Set(due)].filter((id) => id !== current);
}

/** True if the reply has no sound yet, and will probably have some. */
function isDue(view: PageState, messageId: string): boolean {
  const reply = findReply(view, messageId);
  return !reply || (reply.sound === "due" && reply.status !== "failed");
}

function why(reason: string | undefined): string {
  const text = reasonText(reason);
  return text && texts.seat.because(text);
}
