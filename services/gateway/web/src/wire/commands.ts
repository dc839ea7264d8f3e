/**
 * The commands that the page sends, as `{type, data}` in text frames. PCM of the microphone is sent in binary frames.
 */

import type { AnsweringMode, ModelSettings } from "./events";

/** The longest message that the server accepts, in characters. */
export const MESSAGE_MAX_CHARS = 8_000;

/** A command that begins a turn. The server accepts each turn id only once, so sending the command twice is harmless. */
export type TurnCommand =
  /**
   * `to`: the ids of the characters that shall answer; `[]`: no character; missing: the text decides. `replaces`: the
   * id of the message of which this is a new version.
   */
  | { type: "user_message"; data: { text: string; turn_id: string; to?: readonly string[]; replaces?: string } }
  | { type: "request_reply"; data: ReplyRequest }
  /** Brings a version of a message back, with the messages that followed it. */
  | { type: "choose_version"; data: { turn_id: string; message_id: string } }
  /** Deletes a message with all its versions. */
  | { type: "delete_message"; data: { turn_id: string; message_id: string } };

/**
 * Asks for a reply without a message. `character_id`: who answers; missing: the last speaker goes on. `replies`: the
 * characters talk among themselves, and give at most this many replies. `replaces`: the id of the reply that is made
 * again. `after`: the id of the reply that its speaker continues.
 */
export interface ReplyRequest {
  readonly turn_id: string;
  readonly character_id?: string;
  readonly replies?: number;
  readonly greeting?: number;
  readonly replaces?: string;
  readonly after?: string;
}

/** Changes of who answers; a missing field keeps its value. An empty command is a query. */
export interface AnsweringChange {
  readonly mode?: AnsweringMode | null;
  readonly muted?: readonly string[];
  readonly discussion?: number;
}

/** Changes of who sits at the table; a missing field keeps its value. An empty command is a query. */
export interface CastChange {
  readonly characters?: readonly string[];
  readonly told?: boolean;
}

/** Changes of the author's note; a missing field keeps its value. An empty command is a query. */
export interface NoteChange {
  readonly text?: string;
  readonly depth?: number;
}

export type Command =
  | TurnCommand
  | { type: "answering"; data: AnsweringChange }
  | { type: "cast"; data: CastChange }
  /** Changes what the characters call the user; null: the server's default. An empty command is a query. */
  | { type: "user_name"; data: { name?: string | null } }
  /** Chooses who the user is; null: no persona. An empty command is a query. */
  | { type: "persona"; data: { persona_id?: string | null } }
  | { type: "note"; data: NoteChange }
  | { type: "start_listening" }
  | { type: "stop_listening" }
  | { type: "model_settings"; data: Partial<ModelSettings> }
  | { type: "refresh_characters" }
  | { type: "new_conversation" }
  | { type: "interrupt" }
  | { type: "playback"; data: Receipt };

/** Identifies the last audio frame that has arrived. */
export interface LastAudio {
  message_id: string;
  id: string;
}

/**
 * Says that the message was played up to the end of this chunk, and `next_samples` samples after it: `played_ms` of its
 * sound. `gaps`: the gaps in the message so far, because the next sound had not arrived in time; `gap_ms`: their total
 * length. If all numbers are 0, nothing of the message was played.
 */
export interface Receipt {
  message_id: string;
  sentence_index: number;
  chunk_index: number;
  played_ms: number;
  gaps: number;
  gap_ms: number;
  next_samples: number;
}
