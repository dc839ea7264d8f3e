/**
 * The commands that the page sends, as `{type, data}` in text frames. PCM of the microphone is sent in binary frames.
 */

import type { ModelSettings } from "./events";

/** The longest message that the server accepts, in characters. */
export const MESSAGE_MAX_CHARS = 8_000;

export type Command =
  | { type: "user_message"; data: { text: string; turn_id: string } }
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

/** Says that the message was played up to the end of this chunk: `played_ms` of its sound. */
export interface Receipt {
  message_id: string;
  sentence_index: number;
  chunk_index: number;
  played_ms: number;
}
