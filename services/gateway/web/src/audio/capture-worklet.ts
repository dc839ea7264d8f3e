/**
 * The capture worklet, which runs on the audio thread. It sends the microphone's sound to the page as PCM frames,
 * without copying them.
 */

import { CAPTURE_FRAME, CAPTURE_PROCESSOR, type Captured, type CaptureOptions } from "./capture-port";
import { PcmFramer } from "./pcm-framer";
import { Resampler } from "./resampler";

class CaptureProcessor extends AudioWorkletProcessor {
  readonly #framer = new PcmFramer(CAPTURE_FRAME);
  readonly #resampler: Resampler | null;

  constructor(options: AudioWorkletNodeOptions) {
    super();
    const { rate } = options.processorOptions as CaptureOptions;
    this.#resampler = sampleRate === rate ? null : new Resampler(sampleRate, rate);
  }

  override process(inputs: Float32Array[][]): boolean {
    const samples = inputs[0]?.[0];
    if (!samples) return true;
    this.#framer.feed(this.#resampler?.feed(samples) ?? samples, ({ pcm, level }) => {
      this.port.postMessage({ pcm, level } satisfies Captured, [pcm]);
    });
    return true;
  }
}

registerProcessor(CAPTURE_PROCESSOR, CaptureProcessor);
