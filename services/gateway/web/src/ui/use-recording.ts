/** The state of a recording in the page: being made, made, or refused with a reason. */

import { useEffect, useRef, useState } from "preact/hooks";

import { NoMicrophone } from "../audio/microphone";
import { BadFile, readRecording, Recorder } from "../audio/recorder";
import { recordingProblem, wavFile } from "../audio/recording";
import type { Talk } from "../talk/talk";

export interface Recording {
  readonly file: ArrayBuffer;
  /** An address of the file, for an audio element. */
  readonly url: string;
  /** What is wrong with it; "" if a voice can be made from it. */
  readonly problem: string;
}

export interface RecordingState {
  readonly phase: "none" | "opening" | "recording" | "reading" | "made";
  /** The microphone's level, 0…1. */
  readonly level: number;
  readonly seconds: number;
  readonly recording: Recording | null;
  /** Why there is no recording; "" if nothing failed. */
  readonly problem: string;
}

export interface RecordingControl {
  readonly state: RecordingState;
  start(): void;
  stop(): void;
  choose(file: File): void;
}

const NONE: RecordingState = { phase: "none", level: 0, seconds: 0, recording: null, problem: "" };

export function useRecording(talk: Talk): RecordingControl {
  const [state, setState] = useState<RecordingState>(NONE);
  const [session] = useState(() => new RecordingSession(talk, setState));
  const used = useRef(session);
  useEffect(() => () => used.current.close(), []);
  return {
    state,
    start: () => void session.start(),
    stop: () => void session.stop(),
    choose: (file) => void session.choose(file),
  };
}

class RecordingSession {
  #recorder: Recorder | null = null;
  #url = "";
  #isClosed = false;

  constructor(
    private readonly talk: Talk,
    private readonly show: (state: RecordingState) => void,
  ) {}

  async start(): Promise<void> {
    this.show({ ...NONE, phase: "opening" });
    this.talk.isMicrophoneWithheld = true;
    try {
      this.#recorder = await Recorder.start(
        {
          progress: (level, seconds) => this.show({ ...NONE, phase: "recording", level, seconds }),
          ended: () => void this.stop(),
        },
        this.talk.preferences.value.microphone,
      );
      if (this.#isClosed) await this.#release();
    } catch (error) {
      this.talk.isMicrophoneWithheld = false;
      this.show({ ...NONE, problem: reasonOf(error) });
    }
  }

  async stop(): Promise<void> {
    const samples = await this.#release();
    if (samples) this.#made(samples);
  }

  async choose(file: File): Promise<void> {
    this.show({ ...NONE, phase: "reading" });
    try {
      this.#made(await readRecording(file));
    } catch (error) {
      this.show({ ...NONE, problem: reasonOf(error) });
    }
  }

  close(): void {
    this.#isClosed = true;
    void this.#release();
    URL.revokeObjectURL(this.#url);
  }

  async #release(): Promise<Int16Array | null> {
    const recorder = this.#recorder;
    this.#recorder = null;
    if (!recorder) return null;
    const samples = await recorder.stop();
    this.talk.isMicrophoneWithheld = false;
    return samples;
  }

  #made(samples: Int16Array): void {
    if (this.#isClosed) return;
    const file = wavFile(samples);
    URL.revokeObjectURL(this.#url);
    this.#url = URL.createObjectURL(new Blob([file], { type: "audio/wav" }));
    const recording = { file, url: this.#url, problem: recordingProblem(samples) };
    this.show({ ...NONE, phase: "made", recording });
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof NoMicrophone || error instanceof BadFile) return error.message;
  throw error;
}
