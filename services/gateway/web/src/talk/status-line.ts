/** The state of the talk in one word and one line. */

import { type ViewState, findReply } from "./view";

export type Mood =
  | "connecting"
  | "offline"
  | "idle"
  | "listening"
  | "hearing"
  | "thinking"
  | "speaking"
  | "away"
  | "refused";

export interface Glance {
  readonly mood: Mood;
  readonly line: string;
  /** Who it is about: the one that speaks or thinks. */
  readonly characterId: string;
}

const of = (mood: Mood, line: string, characterId = ""): Glance => ({ mood, line, characterId });

export function atAGlance(state: ViewState): Glance {
  switch (state.link) {
    case "replaced":
      return of("away", "This talk is open somewhere else");
    case "refused":
      return of("refused", "The server does not let this page in");
    case "waiting":
      return of("offline", "Connection lost. Trying again…");
    case "off":
    case "connecting":
    case "greeting":
    case "resuming":
      return of("connecting", "Connecting…");
    case "live":
      break;
  }
  if (state.listening.hearing) return of("hearing", "Hearing you");
  if (state.soundBlocked) return of("idle", "They wait for you to allow sound");
  const speaking = findReply(state, state.speakingId);
  if (speaking) return of("speaking", `${speaking.name} is speaking`, speaking.characterId);
  if (state.writesPaused) return of("offline", "The server has to wait…");
  const thinking = whoThinks(state);
  if (thinking) return of("thinking", thinking.name ? `${thinking.name} is thinking` : "Thinking", thinking.characterId);
  if (state.listening.microphone === "opening") return of("connecting", "Opening the microphone…");
  if (state.listening.session) return of("listening", "Listening");
  return of("idle", "Ready when you are");
}

/** A turn is being answered and there is nothing to hear of it yet. */
function whoThinks(state: ViewState): { name: string; characterId: string } | null {
  const { turn } = state;
  if (!turn || turn.textComplete) return sending(state) ? { name: "", characterId: "" } : null;
  const next = turn.replies.find(({ messageId }) => {
    const reply = findReply(state, messageId);
    return !reply || reply.status === "streaming";
  });
  return next ?? { name: "", characterId: "" };
}

function sending(state: ViewState): boolean {
  const last = state.messages.at(-1);
  return last?.kind === "user" && last.delivery === "sending";
}

/** Whether there is something to stop: a reply is being made or is still to be heard. */
export function canStop(state: ViewState): boolean {
  const { turn } = state;
  if (state.speakingId) return true;
  if (!turn) return false;
  if (!turn.textComplete) return true;
  return turn.replies.some(({ messageId }) => {
    const reply = findReply(state, messageId);
    return reply?.status === "complete" && (reply.sound === "due" || reply.sound === "playing");
  });
}
