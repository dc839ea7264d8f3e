/** Receives a sound file that the server sends while it makes it. */

/** Where the header of a 16-bit PCM WAV has the file's length without its first 8 bytes, and the length of the samples. */
const RIFF_SIZE_AT = 4;
const DATA_SIZE_AT = 40;
const WAV_HEADER_BYTES = 44;
const MAX_SIZE = 0xff_ff_ff_ff;

/**
 * Collect an answer's body. Rejects if it breaks off.
 *
 * @param arrived called with the number of bytes that have arrived
 */
export async function receiveSound(answer: Response, arrived: (bytes: number) => void): Promise<Blob> {
  const type = answer.headers.get("Content-Type") ?? "";
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  let bytes = 0;
  const reader = answer.body?.getReader();
  for (;;) {
    // oxlint-disable-next-line no-await-in-loop
    const read = await reader?.read();
    if (!read || read.done) break;
    pieces.push(read.value);
    bytes += read.value.length;
    arrived(bytes);
  }
  const file = new Blob(pieces, { type });
  return type.startsWith("audio/wav") ? withSizes(file) : file;
}

/** The server begins a WAV before it knows the length. Some players need it. */
async function withSizes(wav: Blob): Promise<Blob> {
  const header = await wav.slice(0, WAV_HEADER_BYTES).arrayBuffer();
  if (header.byteLength < WAV_HEADER_BYTES || wav.size > MAX_SIZE) return wav;
  const view = new DataView(header);
  view.setUint32(RIFF_SIZE_AT, wav.size - 8, true);
  view.setUint32(DATA_SIZE_AT, wav.size - WAV_HEADER_BYTES, true);
  return new Blob([header, wav.slice(WAV_HEADER_BYTES)], { type: wav.type });
}
