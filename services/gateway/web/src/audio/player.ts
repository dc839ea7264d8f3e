/** The loudspeaker: an AudioContext with the playback worklet, and what the page may ask of it. */

import { type AudioFrame, SPEECH_RATE } from "../wire/audio-frame";
import { PlaybackQueue } from "./playback-queue";
import { type FromWorklet, PLAYBACK_PROCESSOR, type PlaybackOptions, type ToWorklet, WORKLET_CAPACITY_MS } from "./playback-port";
import workletUrl from "./playback-worklet?worker&url";

export interface PlayerListener {
  report(report: FromWorklet): void;
  /** The browser plays nothing before the user has touched the page; `blocked` says whether that is so now. */
  blocked(blocked: boolean): void;
  /** Sound came faster than it is played, for half an hour; the rest is not kept. */
  overflowed(): void;
}

/** A little under what the worklet holds: resampling may round up. */
const CAPACITY_SAMPLES = Math.round((SPEECH_RATE * (WORKLET_CAPACITY_MS - 200)) / 1_000);

const NOT_SECURE = "The browser keeps its loudspeaker from this page: open it over https, or as localhost.";
const TOO_OLD = "This browser cannot play the voices (it has no AudioWorklet).";

/** The page cannot play here, however often it tries; the text is for the user. */
export class NoSound extends Error {}

export class Player {
  #context: AudioContext;
  #node: AudioWorkletNode | null = null;
  #loading: Promise<void> | null = null;
  #attempts = 0;
  #queue: PlaybackQueue;
  #queued: ToWorklet[] = [];
  #token = 0;
  #wanted = false;
  #asked = false;

  constructor(
    private readonly listener: PlayerListener,
    private readonly checksums: boolean,
  ) {
    this.#context = new AudioContext({ sampleRate: SPEECH_RATE, latencyHint: "interactive" });
    this.#queue = new PlaybackQueue(CAPACITY_SAMPLES, (command) => this.#post(command));
    this.#context.addEventListener("statechange", () => this.#tellBlocked());
  }

  /**
   * Fetch the worklet and start it; once it runs, another call does nothing.
   *
   * @throws NoSound this page can never play; its text says what to do
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
    // Browsers hide the worklets altogether from pages that did not come over a safe line.
    if (!("audioWorklet" in this.#context)) throw new NoSound(isSecureContext ? TOO_OLD : NOT_SECURE);
    // A browser remembers that an address could not be fetched, and does not ask again.
    const again = this.#attempts++ === 0 ? "" : `?again=${this.#attempts}`;
    await this.#context.audioWorklet.addModule(`${workletUrl}${again}`);
    const processorOptions: PlaybackOptions = { speechRate: SPEECH_RATE, checksums: this.checksums };
    const node = new AudioWorkletNode(this.#context, PLAYBACK_PROCESSOR, {
      numberOfInputs: 0,
      outputChannelCount: [1],
      processorOptions,
    });
    node.port.onmessage = ({ data }: MessageEvent<FromWorklet>) => this.#heard(data);
    node.connect(this.#context.destination);
    this.#node = node;
    for (const command of this.#queued) this.#post(command);
    this.#queued = [];
  }

  /** To be called from a click or a key: browsers allow sound only then. */
  async unlock(): Promise<void> {
    if (this.#context.state !== "running") await this.#context.resume();
    this.#tellBlocked();
  }

  push(frame: AudioFrame): void {
    this.#wanted = true;
    if (this.#context.state !== "running" && !this.#asked) {
      // Allowed already by an earlier visit or an open microphone: then this succeeds without a click.
      this.#asked = true;
      void this.#context.resume();
      this.#tellBlocked();
    }
    if (!this.#queue.push(frame)) this.listener.overflowed();
  }

  end(messageId: string): void {
    this.#queue.end(messageId);
  }

  /** Silence, now. */
  flush(): void {
    this.#wanted = false;
    this.#token += 1;
    this.#queue.clear();
    this.#post({ do: "flush", token: this.#token });
    this.#tellBlocked();
  }

  duck(on: boolean): void {
    this.#post({ do: "duck", on });
  }

  setVolume(volume: number): void {
    this.#post({ do: "volume", volume });
  }

  /** The audio clock: how much has been put out since it was started. */
  get clockMs(): number {
    return this.#context.currentTime * 1_000;
  }

  get outputLatencyMs(): number {
    return (this.#context.outputLatency || this.#context.baseLatency || 0) * 1_000;
  }

  #heard(report: FromWorklet): void {
    this.#queue.consumed(report.consumed);
    // Said before the worklet knew of the last flush: true then, and of no use now. But where a voice was cut off stays
    // true when it is told to be silent again (by the user, then by the server) while this is on its way.
    if (report.token === this.#token || report.cause === "flushed") this.listener.report(report);
  }

  #tellBlocked(): void {
    this.listener.blocked(this.#wanted && this.#context.state !== "running");
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
