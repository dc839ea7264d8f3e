/**
 * The state of the conversation: one line of text, and a `Mood`, by which the picture of the table is styled (CSS class
 * `mood-…`).
 */

import { texts } from "../texts";
import { isWithoutContent } from "./replies";
import { type Listening, type PageState, findReply } from "./page-state";

export type Mood =
  | "connecting"
  | "offline"
  | "idle"
  | "listening"
  | "hearing"
  | "paused"
  | "thinking"
  | "speaking"
  | "away"
  | "refused";

export interface StatusLine {
  readonly mood: Mood;
  readonly text: string;
  /** The id of the character that is speaking or thinking; `""` if there is none. */
  readonly characterId: string;
  /** The name of this character. If it is not empty, `text` begins with it. */
  readonly name: string;
}

const of = (mood: Mood, text: string): StatusLine => ({ mood, text, characterId: "", name: "" });
const about = (mood: Mood, { characterId, name }: Speaker, text: string): StatusLine => ({
  mood,
  text,
  characterId,
  name,
});

type Speaker = Pick<StatusLine, "characterId" | "name">;

export function statusLine(state: PageState): StatusLine {
  switch (state.link) {
    case "replaced":
      return of("away", texts.status.replaced);
    case "refused":
      return of("refused", texts.status.refused);
    case "waiting":
      return of("offline", texts.status.waiting);
    case "off":
    case "connecting":
    case "greeting":
    case "resuming":
      return of("connecting", texts.status.connecting);
    case "live":
      break;
  }
  if (state.listening.hearing) return of("hearing", texts.status.hearing);
  if (state.soundBlocked === "policy") return of("idle", texts.status.clickForSound);
  if (state.soundBlocked === "no_output") return of("paused", texts.status.noOutput);
  if (state.soundBlocked === "interrupted") return of("paused", texts.status.soundPaused);
  const speaking = findReply(state, state.speakingId);
  if (speaking) return about("speaking", speaking, texts.status.speaking(speaking.name));
  if (state.writesPaused) return of("offline", texts.status.writesPaused);
  const thinking = thinkingCharacter(state);
  if (thinking) return thinkingLine(thinking);
  if (state.listening.understanding) return of("thinking", texts.status.understanding);
  return microphoneLine(state.listening);
}

function thinkingLine(thinking: Speaker): StatusLine {
  const { name } = thinking;
  return name ? about("thinking", thinking, texts.status.thinking(name)) : of("thinking", texts.status.someoneThinking);
}

function microphoneLine({ microphone, pause }: Listening): StatusLine {
  switch (microphone) {
    case "off":
      return of("idle", texts.status.idle);
    case "opening":
      return of("connecting", texts.status.openingMicrophone);
    case "starting":
      return of("connecting", texts.status.starting);
    case "listening":
      return of("listening", texts.status.listening);
    case "paused":
      return of("paused", texts.status.paused(pause));
  }
}

/**
 * The character whose reply is being written and is not heard yet. Its name is empty as long as the turn's replies are
 * not known.
 */
function thinkingCharacter(state: PageState): Speaker | null {
  const { turn, thinking } = state;
  if (thinking) return thinking;
  if (!turn || turn.textComplete) return sending(state) ? { name: "", characterId: "" } : null;
  const next = turn.replies.find(({ messageId }) => {
    const reply = findReply(state, messageId);
    return !reply || reply.status === "streaming";
  });
  return next ?? { name: "", characterId: "" };
}

function sending(state: PageState): boolean {
  if (state.requestedTurn) return true;
  const last = state.messages.at(-1);
  return last?.kind === "user" && last.delivery === "sending";
}

/** True if the server has sent this page away: another page has the conversation, or the token is wrong. */
export function isDismissed({ link }: PageState): boolean {
  return link === "replaced" || link === "refused";
}

/** True if a reply is being written, played or waiting to be played. */
export function canStop(state: PageState): boolean {
  const { turn } = state;
  if (isDismissed(state)) return false;
  if (state.speakingId) return true;
  if (!turn || turn.stopped) return false;
  if (!turn.textComplete) return true;
  return turn.replies.some(({ messageId }) => {
    const reply = findReply(state, messageId);
    return reply?.status === "complete" && (reply.sound === "due" || reply.sound === "playing");
  });
}

/** True if there was a reply, and nothing is said, written or requested now: the characters can go on. */
export function canGoOn(state: PageState): boolean {
  if (state.link !== "live" || state.listening.hearing || canStop(state) || sending(state)) return false;
  return state.messages.some((message) => message.kind === "reply" && !isWithoutContent(message));
}

/** True while the microphone is on or a character speaks. */
export function isTalking({ listening, speakingId }: PageState): boolean {
  return listening.microphone !== "off" || speakingId !== "";
}
