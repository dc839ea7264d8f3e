/** Records a voice with the microphone, or reads a recording from a file. */

import { texts } from "../texts";
import type { CaptureKind } from "./microphone";
import { Microphone } from "./microphone";
import { joined, LONGEST_S, mixed, RECORDING_RATE } from "./recording";

/** No echo or noise is removed, because that would change the voice. */
const FOR_RECORDING: CaptureKind = {
  rate: RECORDING_RATE,
  constraints: { channelCount: 1, echoCancellation: false, noiseSuppression: false, autoGainControl: true },
};
const MB = 1024 * 1024;
const MAX_FILE_BYTES = 20 * MB;

/** A file is no recording that this browser can read; the message says what to do. */
export class BadFile extends Error {
  override readonly name = "BadFile";
}

export interface RecorderListener {
  /** @param level root mean square, 0…1 @param seconds recorded so far */
  progress(level: number, seconds: number): void;
  /** The recording has ended: it has the greatest length, or the microphone is gone. */
  ended(): void;
}

export class Recorder {
  #frames: ArrayBuffer[] = [];
  #samples = 0;
  #microphone: Microphone | null = null;

  private constructor(private readonly listener: RecorderListener) {}

  /**
   * Open the microphone and record.
   *
   * @param deviceId the microphone to open if it is connected; `""` for the system's default
   * @throws NoMicrophone
   */
  static async start(listener: RecorderListener, deviceId: string): Promise<Recorder> {
    const recorder = new Recorder(listener);
    recorder.#microphone = await Microphone.open(
      {
        frame: ({ pcm, level }) => recorder.#add(pcm, level),
        ended: () => listener.ended(),
        muted: () => undefined, // the recording is then silent, which the check reports
        context: () => undefined,
      },
      deviceId,
      FOR_RECORDING,
    );
    return recorder;
  }

  /** Close the microphone, and return the recording. */
  async stop(): Promise<Int16Array> {
    await this.#microphone?.close();
    this.#microphone = null;
    return joined(this.#frames).subarray(0, LONGEST_S * RECORDING_RATE);
  }

  #add(pcm: ArrayBuffer, level: number): void {
    if (this.#samples >= LONGEST_S * RECORDING_RATE) return;
    this.#frames.push(pcm);
    this.#samples += pcm.byteLength / 2;
    this.listener.progress(level, this.#samples / RECORDING_RATE);
    if (this.#samples >= LONGEST_S * RECORDING_RATE) this.listener.ended();
  }
}

/**
 * Decode a sound file of any kind that the browser knows.
 *
 * @throws BadFile
 */
export async function readRecording(file: File): Promise<Int16Array> {
  if (file.size > MAX_FILE_BYTES) {
    throw new BadFile(texts.clips.problems.fileTooLarge(Math.round(file.size / MB), MAX_FILE_BYTES / MB));
  }
  // The decoder resamples to the rate of the context.
  const context = new OfflineAudioContext(1, 1, RECORDING_RATE);
  const sound = await context.decodeAudioData(await file.arrayBuffer()).catch(() => {
    throw new BadFile(texts.clips.problems.fileUnknown);
  });
  return mixed(Array.from({ length: sound.numberOfChannels }, (_, index) => sound.getChannelData(index)));
}
