/** What the user is told of the server's warnings and errors: in which words, where, and until when. Pure. */

import type { ServerEvent } from "../wire/events";
import type { Notice, NoticePlace } from "./view";

type Warning = ServerEvent & { type: "warning" };
type Failure = ServerEvent & { type: "error" };

/** About one turn: gone with the next. */
const OF_A_TURN: ReadonlySet<string> = new Set(["store_refused", "reply_cut"]);
const SENT_AGAIN = "what you write now is sent as soon as it can be.";

export function ofWarning({ code, message }: Warning): Notice {
  if (code === "writes_paused") {
    const [cause] = message.split(":", 1);
    const text = `${cause}. What is being said waits and goes on by itself; ${SENT_AGAIN}`;
    return { place: "page", code, text, serious: true };
  }
  return { place: OF_A_TURN.has(code) ? "transcript" : "page", code, text: message, serious: false };
}

/** Null where the notice of paused writes has said so. */
export function ofError({ code, message, turn_id: turnId }: Failure, writesPaused: boolean): Notice | null {
  if (code !== "unavailable") return { place: placeOf(code), code, text: message, serious: true };
  if (writesPaused) return null;
  // This page sends a message again by itself; the server's words are for clients that do not.
  const text = turnId ? `The server cannot take it just now; ${SENT_AGAIN}` : message.replace(" (with the same turn_id)", "");
  return { place: "page", code, text, serious: true };
}

/** Those that something has shown to be over are left out. */
export function without(notices: readonly Notice[], ...codes: readonly string[]): readonly Notice[] {
  return notices.some((notice) => codes.includes(notice.code)) ? notices.filter((notice) => !codes.includes(notice.code)) : notices;
}

function placeOf(code: string): NoticePlace {
  if (code === "stt_failed" || code === "bad_audio" || code === "not_listening") return "talk";
  if (code.startsWith("llm_") || code === "no_characters" || code === "tts_failed") return "transcript";
  if (code === "bad_field" || code === "bad_message" || code === "rate_limited") return "composer";
  return "page";
}
