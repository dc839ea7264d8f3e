/** The playback worklet, which runs on the audio thread. It passes messages between the page and `Playout`. */

import {
  type FromWorklet,
  type PlaybackOptions,
  PLAYBACK_PROCESSOR,
  type ToWorklet,
  WORKLET_CAPACITY_MS,
} from "./playback-port";
import { Playout } from "./playout";
import { Resampler } from "./resampler";

/** Samples that one call of `process` renders (Web Audio standard). */
const BLOCK_SAMPLES = 128;

class PlaybackProcessor extends AudioWorkletProcessor {
  readonly #playout: Playout;
  readonly #speechRate: number;
  #resampler: Resampler | null = null;
  #resampled = "";
  #token = 0;

  constructor(options: AudioWorkletNodeOptions) {
    super(options);
    const { speechRate, checksums } = options.processorOptions as PlaybackOptions;
    this.#speechRate = speechRate;
    const capacity = Math.round((sampleRate * WORKLET_CAPACITY_MS) / 1_000);
    this.#playout = new Playout(
      sampleRate,
      capacity,
      (report) => {
        // The page counts samples at the rate of the speech, not at the rate of the AudioContext.
        const ratio = speechRate / sampleRate;
        const consumed = report.consumed * ratio;
        const nextSamples = Math.floor(report.nextSamples * ratio);
        const readySamples = Math.floor(report.readySamples * ratio);
        const atMs = (currentTime + BLOCK_SAMPLES / sampleRate) * 1_000;
        const token = this.#token;
        this.port.postMessage({ ...report, consumed, nextSamples, readySamples, token, atMs } satisfies FromWorklet);
      },
      checksums,
    );
    this.port.onmessage = ({ data }: MessageEvent<ToWorklet>) => this.#run(data);
  }

  override process(_inputs: Float32Array[][], outputs: Float32Array[][]): boolean {
    const [first, ...others] = outputs[0] ?? [];
    if (first) {
      this.#playout.render(first);
      for (const channel of others) channel.set(first);
    }
    return true;
  }

  #run(command: ToWorklet): void {
    switch (command.do) {
      case "push":
        this.#playout.push({ ...command, samples: this.#atContextRate(command.messageId, command.samples) });
        return;
      case "end":
        this.#playout.end(command.messageId);
        return;
      case "flush":
        this.#token = command.token;
        this.#playout.flush();
        return;
      case "duck":
        this.#playout.duck(command.on);
        return;
      case "volume":
        this.#playout.setVolume(command.volume);
        return;
    }
  }

  /** Resample if the context's rate differs from the speech's. Current browsers give the requested rate. */
  #atContextRate(messageId: string, samples: Int16Array): Int16Array {
    if (sampleRate === this.#speechRate) return samples;
    if (messageId !== this.#resampled) {
      this.#resampler = new Resampler(this.#speechRate, sampleRate);
      this.#resampled = messageId;
    }
    const changed = this.#resampler?.feed(Float32Array.from(samples)) ?? new Float32Array(0);
    return Int16Array.from(changed, (sample) => Math.max(-32_768, Math.min(32_767, Math.round(sample))));
  }
}

registerProcessor(PLAYBACK_PROCESSOR, PlaybackProcessor);
