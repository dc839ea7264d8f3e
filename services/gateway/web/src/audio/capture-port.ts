/** Messages from the capture worklet to the page. */

export const CAPTURE_PROCESSOR = "tertulia-capture";
/** Sample rate that the server expects, in Hz. */
export const CAPTURE_RATE = 16_000;
/** 32 ms: one window of the usual voice detectors. */
export const CAPTURE_FRAME = 512;

export interface Captured {
  /** `CAPTURE_FRAME` samples, signed 16-bit little-endian. */
  readonly pcm: ArrayBuffer;
  /** Root mean square, 0…1. */
  readonly level: number;
}
