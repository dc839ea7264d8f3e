/** Messages from the capture worklet to the page. */

export const CAPTURE_PROCESSOR = "tertulia-capture";
/** Sample rate that the server expects, in Hz. */
export const CAPTURE_RATE = 16_000;
/** Samples in a frame: 32 ms, the window of common voice activity detectors. */
export const CAPTURE_FRAME = 512;

/** Options of the worklet. */
export interface CaptureOptions {
  /** Sample rate of the frames, in Hz. */
  readonly rate: number;
}

export interface Captured {
  /** `CAPTURE_FRAME` samples, signed 16-bit little-endian. */
  readonly pcm: ArrayBuffer;
  /** Root mean square of the samples, 0…1. */
  readonly level: number;
}
