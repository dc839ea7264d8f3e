/** Opens the microphone and delivers its sound in frames of 16 kHz PCM. */

import { CAPTURE_PROCESSOR, CAPTURE_RATE, type Captured } from "./capture-port";
import workletUrl from "./capture-worklet?worker&url";

/** The microphone cannot be opened; the message says why and what to do. */
export class NoMicrophone extends Error {
  override readonly name = "NoMicrophone";
}

export class Microphone {
  private constructor(
    private readonly stream: MediaStream,
    private readonly context: AudioContext,
    private readonly node: AudioWorkletNode,
  ) {}

  /**
   * Ask the user for permission, and open the microphone.
   *
   * @param onFrame called with each frame until `close`
   * @param onLost called when the device is unplugged or the permission is withdrawn
   * @throws NoMicrophone
   */
  static async open(onFrame: (frame: Captured) => void, onLost: () => void): Promise<Microphone> {
    // Browsers hide the microphone API from pages that were not loaded over https or from localhost.
    if (!("mediaDevices" in navigator)) {
      throw new NoMicrophone(
        "The browser does not let this page use the microphone: open it over https, or as localhost.",
      );
    }
    const stream = await navigator.mediaDevices
      .getUserMedia({
        audio: { channelCount: 1, echoCancellation: true, noiseSuppression: true, autoGainControl: true },
      })
      .catch((error: unknown) => {
        throw new NoMicrophone(explain(error));
      });
    try {
      const { context, source } = await connect(stream);
      const node = new AudioWorkletNode(context, CAPTURE_PROCESSOR, {
        numberOfOutputs: 0,
        channelCount: 1,
        channelCountMode: "explicit",
      });
      node.port.onmessage = ({ data }: MessageEvent<Captured>) => onFrame(data);
      source.connect(node);
      for (const track of stream.getAudioTracks()) track.addEventListener("ended", onLost, { once: true });
      if (context.state === "suspended") await context.resume();
      return new Microphone(stream, context, node);
    } catch (error) {
      for (const track of stream.getTracks()) track.stop();
      throw error;
    }
  }

  async close(): Promise<void> {
    this.node.port.onmessage = null;
    for (const track of this.stream.getTracks()) track.stop();
    await this.context.close();
  }
}

/** Firefox refuses a stream whose rate differs from the context's; there the worklet resamples instead. */
async function connect(stream: MediaStream): Promise<{ context: AudioContext; source: MediaStreamAudioSourceNode }> {
  let context = new AudioContext({ sampleRate: CAPTURE_RATE });
  let source: MediaStreamAudioSourceNode;
  try {
    source = context.createMediaStreamSource(stream);
  } catch {
    await context.close();
    context = new AudioContext();
    source = context.createMediaStreamSource(stream);
  }
  await context.audioWorklet.addModule(workletUrl);
  return { context, source };
}

function explain(error: unknown): string {
  const name = error instanceof DOMException ? error.name : "";
  if (name === "NotAllowedError" || name === "SecurityError") {
    return "The microphone is not allowed here. Allow it in the browser's address bar, then press the button again.";
  }
  if (name === "NotFoundError" || name === "OverconstrainedError") {
    return "No microphone was found. Plug one in, then press the button again. Typing works meanwhile.";
  }
  if (name === "NotReadableError" || name === "AbortError") {
    return "The microphone is in use by another program. Close that, then press the button again.";
  }
  return "The microphone cannot be opened. Typing works meanwhile.";
}
