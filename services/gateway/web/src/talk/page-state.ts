/** The state that the page shows, as plain values. `page-reducer.ts` computes it. */

import type { SoundBlock } from "../audio/sound-block";
import type { Usage } from "../inside/usage";
import type { Phase } from "../link/state-machine";
import type { MicrophoneView } from "./listening-state";
import type { HeardBefore, ModelSettings, Participant } from "../wire/events";
import { type Answering, UNKNOWN_ANSWERING } from "./answering";
import { type Cast, UNKNOWN_CAST } from "./cast";
import { type NoteState, UNKNOWN_NOTE } from "./author-note";
import { type PersonaChoice, UNKNOWN_PERSONA } from "./persona";
import { UNKNOWN_NAME, type UserName } from "./user-name";
import type { ToldSummary } from "./summary";

export interface UserMessage {
  readonly kind: "user";
  /** The turn's id. */
  readonly id: string;
  readonly text: string;
  readonly source: "typed" | "spoken";
  /**
   * `sending`: not yet accepted by the server; `safe`: accepted; `reopened`: the user continues it, so it is not shown
   * until the server accepts it again.
   */
  readonly delivery: "sending" | "safe" | "refused" | "reopened";
  /** The ids of the characters to which the user addressed it; `[]`: no character; null: the text decides. */
  readonly to: readonly string[] | null;
  /** Why no character answered, for the user; `""` if one did, or if that needs no explanation. */
  readonly unanswered: string;
}

export interface Reply {
  readonly kind: "reply";
  readonly id: string;
  readonly turnId: string;
  readonly characterId: string;
  readonly name: string;
  readonly text: string;
  /**
   * The ends of the sentences known so far, as offsets in code points. Empty if the llm worker is of a release that
   * does not send them.
   */
  readonly sentenceEnds: readonly number[];
  readonly status: "streaming" | "complete" | "interrupted" | "failed";
  /**
   * `due`: not played yet; `cut`: interrupted before the end of the sound; `stored`: a message from the store, which
   * has no sound.
   */
  readonly sound: "due" | "playing" | "played" | "cut" | "stored";
  /** Length of the text that was heard, in UTF-16 units. Only meaningful if `sound` is `cut`. */
  readonly heardChars: number;
  /** Index of the sentence being spoken, or of the last sentence that was spoken; −1 before the first sentence. */
  readonly sentence: number;
  /** Why this character answers, as the server says it; `""` if it is not known. */
  readonly reason: string;
  readonly problem: string;
}

export type Message = UserMessage | Reply;

/** The part of the page that shows a notice. */
export type NoticePlace = "page" | "talk" | "composer" | "transcript" | "settings" | "name" | "persona" | "note";

export interface Notice {
  readonly place: NoticePlace;
  readonly code: string;
  readonly text: string;
  readonly serious: boolean;
}

export interface Listening extends MicrophoneView {
  readonly hearing: boolean;
  readonly partial: string;
  /** The stable prefix of `partial`. */
  readonly stable: string;
  /** The id of a session that has ended, whose last words are still being transcribed; `""` if there is none. */
  readonly understanding: string;
}

export interface Turn {
  readonly id: string;
  readonly replies: readonly PlannedReply[];
  readonly textComplete: boolean;
  /** The message only asks to be quiet, so no character answers. */
  readonly quiet?: boolean;
  /** The turn was interrupted: no more sound of it is played. */
  readonly stopped: boolean;
}

export interface PlannedReply extends Pick<Reply, "characterId" | "name" | "reason"> {
  readonly messageId: string;
}

/** A character whose model is reasoning before it writes the text of a reply. */
export interface Thinking {
  readonly turnId: string;
  readonly messageId: string;
  readonly characterId: string;
  readonly name: string;
}

/** A change of the history that the user asked for, and that the server has not made yet. */
export interface PendingChange {
  readonly turnId: string;
  /** The ids of the messages that leave the table. */
  readonly ids: readonly string[];
  readonly removes: boolean;
  /** True if the server has accepted the turn. */
  readonly accepted: boolean;
}

export interface PageState {
  readonly link: Phase;
  readonly linkReason: string;
  readonly conversationId: string;
  readonly demo: boolean;
  readonly messages: readonly Message[];
  /** The stored messages are being loaded: without messages, the conversation is not known to be empty. */
  readonly isLoadingStored: boolean;
  /** The versions of the messages that have several: for each of these messages the ids, oldest first. */
  readonly versions: readonly (readonly string[])[];
  readonly pendingChanges: readonly PendingChange[];
  /** The ids of the messages that the user deleted a moment ago: the deletion is not sent yet and can be undone. */
  readonly deleting: readonly string[];
  /** The ids of messages that left the table while this page was open. The store may still have them. */
  readonly removedIds: readonly string[];
  readonly turn: Turn | null;
  /** The id of a turn that was requested without a message and is not accepted yet; `""` if there is none. */
  readonly requestedTurn: string;
  readonly thinking: Thinking | null;
  /** How much was heard of each reply of the turn that was in progress when this page was opened. */
  readonly heardBefore: readonly HeardBefore[];
  readonly speakingId: string;
  readonly ducked: boolean;
  readonly soundBlocked: SoundBlock;
  /** True while the server's writes to Redis are paused. */
  readonly writesPaused: boolean;
  readonly listening: Listening;
  /** All characters, as the server says. */
  readonly shelf: readonly Participant[];
  /** The same, with those at the table first (see `atTable`). */
  readonly characters: readonly Participant[];
  readonly cast: Cast;
  /** False until the server has sent the characters. */
  readonly charactersKnown: boolean;
  /** The settings that the server has confirmed; null before the server's first answer. */
  readonly settings: ModelSettings | null;
  /** The user's changes that the server has not confirmed yet. */
  readonly pendingSettings: Partial<ModelSettings>;
  readonly answering: Answering;
  readonly userName: UserName;
  readonly persona: PersonaChoice;
  readonly note: NoteState;
  /** The last change of the summary; null: unknown. */
  readonly summary: ToldSummary | null;
  /** Tokens and cost of the conversation so far; null if they are not known. */
  readonly usage: Usage | null;
  readonly notices: readonly Notice[];
  /** The text that screen readers read out next. */
  readonly announcement: string;
}

export const NOT_LISTENING: Listening = {
  microphone: "off",
  pause: "",
  sessionId: "",
  hearing: false,
  partial: "",
  stable: "",
  understanding: "",
};

export const EMPTY: PageState = {
  link: "off",
  linkReason: "",
  conversationId: "",
  demo: false,
  messages: [],
  isLoadingStored: false,
  versions: [],
  pendingChanges: [],
  deleting: [],
  removedIds: [],
  turn: null,
  requestedTurn: "",
  thinking: null,
  heardBefore: [],
  speakingId: "",
  ducked: false,
  soundBlocked: "",
  writesPaused: false,
  listening: NOT_LISTENING,
  shelf: [],
  characters: [],
  cast: UNKNOWN_CAST,
  charactersKnown: false,
  settings: null,
  pendingSettings: {},
  answering: UNKNOWN_ANSWERING,
  userName: UNKNOWN_NAME,
  persona: UNKNOWN_PERSONA,
  note: UNKNOWN_NOTE,
  summary: null,
  usage: null,
  notices: [],
  announcement: "",
};

/** The settings to show: the confirmed settings with the pending changes applied. */
export function shownSettings({ settings, pendingSettings }: PageState): Partial<ModelSettings> {
  return { ...settings, ...pendingSettings };
}

export function findReply(state: PageState, id: string): Reply | undefined {
  const found = state.messages.findLast((message) => message.id === id);
  return found?.kind === "reply" ? found : undefined;
}
