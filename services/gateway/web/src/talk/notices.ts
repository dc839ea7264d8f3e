/**
 * Converts the server's warnings and errors to notices. A notice has a text, and says in which part of the page it
 * appears. Pure.
 */

import { serverText, texts } from "../texts";
import type { ServerEvent } from "../wire/events";
import type { Notice, NoticePlace } from "./page-state";

type Warning = ServerEvent & { type: "warning" };
type Failure = ServerEvent & { type: "error" };

/** Codes of warnings about one turn. The notice is removed when the next turn begins. */
const OF_A_TURN: ReadonlySet<string> = new Set([
  "store_refused",
  "reply_cut",
  "reply_filtered",
  "model_setting_dropped",
  "lorebook_key",
  "voice_lacks_script",
  "voice_missing",
  "engine_changed",
  "stage_away",
]);

export function ofWarning({ code, message }: Warning): Notice {
  if (code === "writes_paused") {
    const [cause] = message.split(":", 1);
    const text = texts.problems.writesPaused(cause ?? message);
    return { place: "page", code, text, serious: true };
  }
  return { place: OF_A_TURN.has(code) ? "transcript" : "page", code, text: serverText(code, message), serious: false };
}

/** The notice for an error; null if the notice about paused writes already explains this error. */
export function ofError({ code, message, turn_id: turnId }: Failure, writesPaused: boolean): Notice | null {
  // The page begins to listen again by itself.
  if (code === "stt_failed") {
    return { place: "talk", code, text: serverText(code, message.replace(" Start listening again.", "")), serious: true };
  }
  if (code !== "unavailable") return { place: placeOf(code), code, text: serverText(code, message), serious: true };
  if (writesPaused) return null;
  // The server asks clients to send a message again, but this page does so by itself, so the notice has another text.
  const text = turnId
    ? texts.problems.cannotAccept
    : serverText(code, message.replace(" (with the same turn_id)", ""));
  return { place: "page", code, text, serious: true };
}

/**
 * True if `b` repeats `a`. In one turn, several characters can have a warning with the same code but different texts:
 * these are no repetitions.
 */
export function isRepeated(a: Notice, b: Notice): boolean {
  return a.place === b.place && a.code === b.code && (!OF_A_TURN.has(a.code) || a.text === b.text);
}

/** Remove the notices with these codes. */
export function without(notices: readonly Notice[], ...codes: readonly string[]): readonly Notice[] {
  return notices.some((notice) => codes.includes(notice.code))
    ? notices.filter((notice) => !codes.includes(notice.code))
    : notices;
}

function placeOf(code: string): NoticePlace {
  if (code === "bad_audio") return "talk";
  if (code.startsWith("llm_") || code === "no_characters" || code === "tts_failed" || code === "message_unknown") return "transcript";
  if (code === "bad_field" || code === "bad_message" || code === "rate_limited") return "composer";
  return "page";
}
