/** What the server says in binary frames: a piece of speech, one msgpack map each. */

import { decode } from "@msgpack/msgpack";

import { UnreadableFrame } from "./events";

/** Hz of all speech the server sends (signed 16-bit mono). */
export const SPEECH_RATE = 24_000;

export interface AudioFrame {
  readonly messageId: string;
  readonly characterId: string;
  readonly sentence: number;
  readonly chunk: number;
  /** The entry id in the message's audio stream: what `resume` takes. */
  readonly id: string;
  readonly samples: Int16Array<ArrayBuffer>;
}

/**
 * The audio in a binary frame, or null where the frame is of a type this page does not know.
 *
 * @throws UnreadableFrame it is not such a map, or its sound is not what this page plays
 */
export function parseAudioFrame(bytes: ArrayBuffer): AudioFrame | null {
  let map: unknown;
  try {
    map = decode(bytes);
  } catch {
    throw new UnreadableFrame("a binary frame is not msgpack");
  }
  if (typeof map !== "object" || map === null) throw new UnreadableFrame("a binary frame is not a map");
  const fields = map as Record<string, unknown>;
  if (fields["type"] !== "audio") return null;
  const { message_id, character_id, sentence_index, chunk_index, id, sample_rate, pcm } = fields;
  if (typeof message_id !== "string" || typeof id !== "string") throw new UnreadableFrame("audio without ids");
  if (!isIndex(sentence_index) || !isIndex(chunk_index)) throw new UnreadableFrame("audio without its place");
  if (sample_rate !== SPEECH_RATE) throw new UnreadableFrame(`audio at ${String(sample_rate)} Hz, not ${SPEECH_RATE}`);
  if (!(pcm instanceof Uint8Array) || pcm.byteLength % 2 !== 0) throw new UnreadableFrame("audio without 16-bit samples");
  return {
    messageId: message_id,
    characterId: typeof character_id === "string" ? character_id : "",
    sentence: sentence_index,
    chunk: chunk_index,
    id,
    // A copy: msgpack gives a view at any offset, and 16-bit samples must be aligned.
    samples: new Int16Array(pcm.slice().buffer),
  };
}

function isIndex(value: unknown): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= 0;
}
