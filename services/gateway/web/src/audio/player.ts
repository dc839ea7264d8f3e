/** The audio output: an AudioContext with the playback worklet. */

import { texts } from "../texts";
import { type AudioFrame, SPEECH_RATE } from "../wire/audio-frame";
import { chooseLoudspeaker } from "./devices";
import { PlaybackQueue } from "./playback-queue";
import {
  type FromWorklet,
  PLAYBACK_PROCESSOR,
  type PlaybackOptions,
  type ToWorklet,
  WORKLET_CAPACITY_MS,
} from "./playback-port";
import { type SoundBlock, type SoundState, soundBlock } from "./sound-block";
import workletUrl from "./playback-worklet?worker&url";

export interface PlayerListener {
  report(report: FromWorklet): void;
  /** Called when sound becomes blocked or allowed. */
  blocked(block: SoundBlock): void;
  /** Called when the playback queue is full, so that further sound is dropped. */
  overflowed(): void;
}

/** Slightly less than the worklet's capacity, because resampling may round up. */
const CAPACITY_SAMPLES = Math.round((SPEECH_RATE * (WORKLET_CAPACITY_MS - 200)) / 1_000);

/** A context that does not start this long after a click has no output device. */
const START_MS = 3_000;


/** This browser, or a page at this address, can never play sound. The error's message tells the user what to do. */
export class NoSound extends Error {}

export class Player {
  #context: AudioContext;
  #node: AudioWorkletNode | null = null;
  #loading: Promise<void> | null = null;
  #attempts = 0;
  #queue: PlaybackQueue;
  #queued: ToWorklet[] = [];
  #token = 0;
  #hasSound = false;
  #triedToResume = false;
  #hasRun = false;
  #clickFailed = false;
  #paused = false;
  #startTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly listener: PlayerListener,
    private readonly checksums: boolean,
  ) {
    this.#context = new AudioContext({ sampleRate: SPEECH_RATE, latencyHint: "interactive" });
    this.#queue = new PlaybackQueue(CAPACITY_SAMPLES, (command) => this.#post(command));
    this.#context.addEventListener("statechange", () => this.#onStateChange());
  }

  /**
   * Load and start the worklet. Does nothing if the worklet runs already.
   *
   * @throws NoSound this page can never play
   * @throws DOMException the worklet could not be fetched: try again when the server is back
   */
  async load(): Promise<void> {
    this.#loading ??= this.#start().catch((error: unknown) => {
      this.#loading = null;
      throw error;
    });
    await this.#loading;
  }

  async #start(): Promise<void> {
    // Browsers hide AudioWorklet from pages that were not loaded over https or from localhost.
    if (!("audioWorklet" in this.#context)) throw new NoSound(isSecureContext ? texts.problems.tooOld : texts.problems.notSecure);
    // Browsers cache a failed module fetch by URL, so a retry needs another URL.
    const again = this.#attempts++ === 0 ? "" : `?again=${this.#attempts}`;
    await this.#context.audioWorklet.addModule(`${workletUrl}${again}`);
    const processorOptions: PlaybackOptions = { speechRate: SPEECH_RATE, checksums: this.checksums };
    const node = new AudioWorkletNode(this.#context, PLAYBACK_PROCESSOR, {
      numberOfInputs: 0,
      outputChannelCount: [1],
      processorOptions,
    });
    node.port.onmessage = ({ data }: MessageEvent<FromWorklet>) => this.#onReport(data);
    node.connect(this.#context.destination);
    this.#node = node;
    for (const command of this.#queued) this.#post(command);
    this.#queued = [];
  }

  /** True if sound that is queued now is played. */
  get canPlay(): boolean {
    return this.#node !== null && this.#context.state === "running";
  }

  /** Resume the AudioContext. Browsers allow this only in a click or key handler. */
  async unlock(): Promise<void> {
    if (this.#paused) return;
    if (this.#context.state !== "running") {
      this.#watchStart();
      await this.#context.resume(); // without an output device, Firefox never answers
    }
    this.#reportBlocked();
  }

  /**
   * Continue after an interruption, if there is sound to play: when the page is shown again, or when the browser ends
   * the interruption.
   */
  wake(): void {
    const { state } = this.#context;
    if (!this.#paused && this.#hasSound && this.#hasRun && state !== "running" && state !== "closed") this.#resume();
  }

  /** Hold the sound where it is, or continue it. */
  pause(paused: boolean): void {
    if (paused === this.#paused) return;
    this.#paused = paused;
    if (paused && this.#context.state === "running") void this.#context.suspend();
    else if (!paused && this.#hasRun) this.#resume();
  }

  push(frame: AudioFrame): void {
    this.#hasSound = true;
    if (this.#context.state !== "running" && !this.#triedToResume) {
      // Succeeds without a click if an earlier visit or an open microphone already gave the permission.
      this.#triedToResume = true;
      this.#resume();
      this.#reportBlocked();
    }
    if (!this.#queue.push(frame)) this.listener.overflowed();
  }

  end(messageId: string): void {
    this.#queue.end(messageId);
  }

  /** Stop all sound at once and drop the queued sound. Returns the token of the `flushed` report that follows. */
  flush(): number {
    this.#hasSound = false;
    this.#token += 1;
    this.#queue.clear();
    this.#post({ do: "flush", token: this.#token });
    this.#reportBlocked();
    return this.#token;
  }

  duck(on: boolean): void {
    this.#post({ do: "duck", on });
  }

  setLoudspeaker(id: string): void {
    void chooseLoudspeaker(this.#context, id);
  }

  setVolume(volume: number): void {
    this.#post({ do: "volume", volume });
  }

  /** The audio clock: ms rendered since the context started. */
  get clockMs(): number {
    return this.#context.currentTime * 1_000;
  }

  /**
   * The delay between the worklet and the system's sound output; the delay of the output itself is not included. The
   * page must not read `outputLatency` or `getOutputTimestamp()`: in Firefox, this can block the page for good, because
   * it waits for the audio server, which waits for the audio thread, which waits for the page.
   */
  get baseLatencyMs(): number {
    return (this.#context.baseLatency || 0) * 1_000;
  }

  #onReport(report: FromWorklet): void {
    this.#queue.consumed(report.consumed);
    // Drop reports from before the newest flush. A `flushed` report stays valid: two flushes may follow each other (by
    // the user, then by the server) before the first report arrives.
    if (report.token === this.#token || report.cause === "flushed") this.listener.report(report);
  }

  #watchStart(): void {
    // Without a click, the context waits for one.
    if (this.#startTimer !== undefined || navigator.userActivation?.hasBeenActive === false) return;
    this.#startTimer = setTimeout(() => {
      this.#startTimer = undefined;
      this.#clickFailed = this.#context.state === "suspended";
      this.#reportBlocked();
    }, START_MS);
  }

  #resume(): void {
    // It fails while a call uses the sound. The context's state tells when to try again.
    this.#context.resume().catch(() => undefined);
  }

  #onStateChange(): void {
    if (this.#context.state === "running") {
      this.#hasRun = true;
      this.#clickFailed = false;
    }
    if (this.#context.state === "suspended") this.wake();
    this.#reportBlocked();
  }

  get #soundState(): SoundState {
    return {
      hasSound: this.#hasSound && !this.#paused,
      context: this.#context.state,
      hasRun: this.#hasRun,
      clickFailed: this.#clickFailed,
    };
  }

  #reportBlocked(): void {
    this.listener.blocked(soundBlock(this.#soundState));
  }

  #post(command: ToWorklet): void {
    if (!this.#node) {
      this.#queued.push(command);
      return;
    }
    if (command.do === "push") this.#node.port.postMessage(command, [command.samples.buffer]);
    else this.#node.port.postMessage(command);
  }
}
