/** What the page shows of the talk, as values. How they come about is in `view-state.ts`. */

import type { Phase } from "../link/state-machine";
import type { HeardBefore, ModelSettings, Participant } from "../wire/events";

export interface UserMessage {
  readonly kind: "user";
  /** The turn's id. */
  readonly id: string;
  readonly text: string;
  readonly source: "typed" | "spoken";
  /** `sending`: not yet known to be safe. */
  readonly delivery: "sending" | "safe" | "refused";
}

export interface Reply {
  readonly kind: "reply";
  readonly id: string;
  readonly turnId: string;
  readonly characterId: string;
  readonly name: string;
  readonly text: string;
  readonly status: "streaming" | "complete" | "interrupted" | "failed";
  /** `cut`: an interruption came before its sound was over; `past`: from an earlier visit. */
  readonly sound: "due" | "playing" | "played" | "cut" | "past";
  /** How much of the text was heard, in UTF-16 units; only where `sound` is `cut`. */
  readonly heardChars: number;
  /** The sentence being spoken, or that was spoken last; −1 before the first. */
  readonly sentence: number;
  readonly problem: string;
}

export type Message = UserMessage | Reply;

/** Where on the page a problem belongs. */
export type Place = "page" | "talk" | "composer" | "transcript" | "settings";

export interface Notice {
  readonly place: Place;
  readonly code: string;
  readonly text: string;
  readonly serious: boolean;
}

export interface Listening {
  readonly microphone: "off" | "opening" | "on";
  /** The recognizer is at work on this page's sound. */
  readonly session: boolean;
  readonly hearing: boolean;
  readonly partial: string;
  /** The beginning of `partial` that will hardly change. */
  readonly stable: string;
}

export interface Turn {
  readonly id: string;
  readonly replies: readonly { readonly messageId: string; readonly characterId: string; readonly name: string }[];
  readonly textComplete: boolean;
}

export interface ViewState {
  readonly link: Phase;
  readonly linkReason: string;
  readonly conversationId: string;
  readonly demo: boolean;
  readonly messages: readonly Message[];
  readonly turn: Turn | null;
  /** Of the turn that went on when this page was opened. */
  readonly heardBefore: readonly HeardBefore[];
  readonly speakingId: string;
  readonly ducked: boolean;
  readonly soundBlocked: boolean;
  /** The server can write nothing down just now. */
  readonly writesPaused: boolean;
  readonly listening: Listening;
  readonly characters: readonly Participant[];
  /** What the server said holds; null: it has not said yet. */
  readonly settings: ModelSettings | null;
  /** What the user set and the server has not confirmed. */
  readonly asked: Partial<ModelSettings>;
  readonly notices: readonly Notice[];
  /** The last thing a screen reader is to be told. */
  readonly announcement: string;
}

export const SILENT: Listening = { microphone: "off", session: false, hearing: false, partial: "", stable: "" };

export const EMPTY: ViewState = {
  link: "off",
  linkReason: "",
  conversationId: "",
  demo: false,
  messages: [],
  turn: null,
  heardBefore: [],
  speakingId: "",
  ducked: false,
  soundBlocked: false,
  writesPaused: false,
  listening: SILENT,
  characters: [],
  settings: null,
  asked: {},
  notices: [],
  announcement: "",
};

/** What is to be shown: what holds, with what the user has just set. */
export function shownSettings({ settings, asked }: ViewState): Partial<ModelSettings> {
  return { ...settings, ...asked };
}

export function findReply(state: ViewState, id: string): Reply | undefined {
  const found = state.messages.findLast((message) => message.id === id);
  return found?.kind === "reply" ? found : undefined;
}
