/** Parses the binary frames of the server. Each is a msgpack map with a chunk of speech. */

import { decode } from "@msgpack/msgpack";

import { UnreadableFrame } from "./events";

/** Sample rate of all speech that the server sends, in Hz (signed 16-bit mono). */
export const SPEECH_RATE = 24_000;

export interface AudioFrame {
  readonly messageId: string;
  readonly characterId: string;
  readonly sentence: number;
  readonly chunk: number;
  /** The entry id in the message's audio stream, for resuming. */
  readonly id: string;
  readonly samples: Int16Array<ArrayBuffer>;
}

/**
 * Parse a binary frame. Returns null if this page does not know the frame's type.
 *
 * @throws UnreadableFrame not a msgpack map, a field is missing or wrong, or the sound has another format
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
  if (!isIndex(sentence_index) || !isIndex(chunk_index))
    throw new UnreadableFrame("audio without a sentence or chunk index");
  if (sample_rate !== SPEECH_RATE) throw new UnreadableFrame(`audio at ${String(sample_rate)} Hz, not ${SPEECH_RATE}`);
  if (!(pcm instanceof Uint8Array) || pcm.byteLength % 2 !== 0)
    throw new UnreadableFrame("audio without 16-bit samples");
  return {
    messageId: message_id,
    characterId: typeof character_id === "string" ? character_id : "",
    sentence: sentence_index,
    chunk: chunk_index,
    id,
    // Copy the bytes, because msgpack returns a view at any offset, and 16-bit samples must be aligned.
    samples: new Int16Array(pcm.slice().buffer),
  };
}

function isIndex(value: unknown): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= 0;
}
