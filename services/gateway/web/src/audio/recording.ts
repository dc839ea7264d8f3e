/** A recording from which a voice is made: its checks, and its file. Pure. The server checks it again. */

import { formatNumber, texts } from "../texts";

/** Sample rate of a recording, in Hz: that of the speech engines. */
export const RECORDING_RATE = 24_000;
export const SHORTEST_S = 5;
export const LONGEST_S = 30;
/** Pauses do not count. */
const LEAST_SOUND_S = 3;
const QUIETEST_DBFS = -40;
const LOUDEST_DBFS = -9;
const SOUND_DBFS = -45;
/** A recording whose highest sample is lower than this is silent. */
const SILENT_PEAK = 100;
const FULL_SCALE = 32_767;
const MAX_CLIPPED = 0.001;
/** Samples of a window of 20 ms. */
const WINDOW = RECORDING_RATE / 50;
const WAV_HEADER_BYTES = 44;
/** `String.fromCharCode` takes a limited number of arguments. */
const BASE64_PIECE = 0x8000;

interface Levels {
  readonly dbfs: number;
  readonly peak: number;
  /** Share of the samples at full scale. */
  readonly clipped: number;
  readonly soundS: number;
}

/** What is wrong with a recording, and what to do; "" if a voice can be made from it. */
export function recordingProblem(samples: Int16Array): string {
  const { problems } = texts.clips;
  const seconds = samples.length / RECORDING_RATE;
  if (seconds < SHORTEST_S) {
    return problems.short(tenths(seconds), SHORTEST_S);
  }
  if (seconds > LONGEST_S) {
    return problems.long(seconds.toFixed(0), LONGEST_S);
  }
  const levels = levelsOf(samples);
  if (levels.peak < SILENT_PEAK) {
    return problems.silent;
  }
  if (levels.clipped > MAX_CLIPPED) {
    return problems.distorted;
  }
  if (levels.dbfs > LOUDEST_DBFS) return problems.loud;
  if (levels.dbfs < QUIETEST_DBFS) return problems.quiet;
  if (levels.soundS < LEAST_SOUND_S) {
    return problems.mostlyQuiet(tenths(levels.soundS), LEAST_SOUND_S);
  }
  return "";
}

function tenths(seconds: number): string {
  return formatNumber(seconds, { minimumFractionDigits: 1, maximumFractionDigits: 1 });
}

/** The recording as a WAV file: 16-bit PCM, mono. */
export function wavFile(samples: Int16Array): ArrayBuffer {
  const size = samples.length * 2;
  const file = new DataView(new ArrayBuffer(WAV_HEADER_BYTES + size));
  writeText(file, 0, "RIFF");
  file.setUint32(4, WAV_HEADER_BYTES - 8 + size, true);
  writeText(file, 8, "WAVEfmt ");
  file.setUint32(16, 16, true);
  file.setUint16(20, 1, true); // PCM
  file.setUint16(22, 1, true); // channels
  file.setUint32(24, RECORDING_RATE, true);
  file.setUint32(28, RECORDING_RATE * 2, true);
  file.setUint16(32, 2, true);
  file.setUint16(34, 16, true);
  writeText(file, 36, "data");
  file.setUint32(40, size, true);
  for (const [index, sample] of samples.entries()) file.setInt16(WAV_HEADER_BYTES + index * 2, sample, true);
  return file.buffer;
}

export function base64(file: ArrayBuffer): string {
  const bytes = new Uint8Array(file);
  let text = "";
  for (let at = 0; at < bytes.length; at += BASE64_PIECE) {
    text += String.fromCharCode(...bytes.subarray(at, at + BASE64_PIECE));
  }
  return btoa(text);
}

/** The mean of the channels as 16-bit samples. */
export function mixed(channels: readonly Float32Array[]): Int16Array {
  const [first] = channels;
  const samples = new Int16Array(first?.length ?? 0);
  for (let index = 0; index < samples.length; index += 1) {
    let sum = 0;
    for (const channel of channels) sum += channel[index] ?? 0;
    const mean = Math.max(-1, Math.min(1, sum / channels.length));
    samples[index] = Math.round(mean < 0 ? mean * 32_768 : mean * 32_767);
  }
  return samples;
}

/** Frames of signed 16-bit little-endian samples, as one array. */
export function joined(frames: readonly ArrayBuffer[]): Int16Array {
  const samples = new Int16Array(frames.reduce((sum, frame) => sum + frame.byteLength / 2, 0));
  let at = 0;
  for (const frame of frames) {
    const view = new DataView(frame);
    for (let offset = 0; offset < frame.byteLength; offset += 2, at += 1) samples[at] = view.getInt16(offset, true);
  }
  return samples;
}

function levelsOf(samples: Int16Array): Levels {
  const loud = WINDOW * (32_768 * 10 ** (SOUND_DBFS / 20)) ** 2;
  let [energy, peak, clipped, windows] = [0, 0, 0, 0];
  for (let start = 0; start < samples.length; start += WINDOW) {
    const window = samples.subarray(start, start + WINDOW);
    let sum = 0;
    for (const sample of window) {
      const size = Math.abs(sample);
      sum += sample * sample;
      peak = Math.max(peak, size);
      if (size >= FULL_SCALE) clipped += 1;
    }
    energy += sum;
    if (sum > loud) windows += 1;
  }
  const rms = Math.sqrt(energy / samples.length);
  return {
    dbfs: 20 * Math.log10(rms / 32_768),
    peak,
    clipped: clipped / samples.length,
    soundS: (windows * WINDOW) / RECORDING_RATE,
  };
}

function writeText(file: DataView, at: number, text: string): void {
  for (const [index, letter] of [...text].entries()) file.setUint8(at + index, letter.charCodeAt(0));
}
