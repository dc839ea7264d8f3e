/** Opens the microphone and delivers its sound in frames of PCM. */

import { texts } from "../texts";
import { CAPTURE_PROCESSOR, CAPTURE_RATE, type Captured, type CaptureOptions } from "./capture-port";
import type { ContextState } from "./context-state";
import workletUrl from "./capture-worklet?worker&url";

/** The microphone cannot be opened; the message says why and what to do. */
export class NoMicrophone extends Error {
  override readonly name = "NoMicrophone";
}

export interface MicrophoneListener {
  frame(frame: Captured): void;
  /** The device was unplugged, or the permission was withdrawn. */
  ended(): void;
  /** The device delivers silence, because it is muted outside of the page. */
  muted(muted: boolean): void;
  context(state: ContextState): void;
}

/** What the sound is for: its sample rate, and what the browser does to it. */
export interface CaptureKind {
  readonly rate: number;
  readonly constraints: MediaTrackConstraints;
}

/** Speech to be recognized, while characters speak. */
export const FOR_LISTENING: CaptureKind = {
  rate: CAPTURE_RATE,
  constraints: { channelCount: 1, echoCancellation: true, noiseSuppression: true, autoGainControl: true },
};

export class Microphone {
  private constructor(
    private readonly track: MediaStreamTrack,
    private readonly context: AudioContext,
    private readonly node: AudioWorkletNode,
    private readonly closing: AbortController,
  ) {}

  /**
   * Ask the user for permission, and open the microphone. The listener is called until `close`.
   *
   * @param deviceId the microphone to open if it is connected; `""` for the system's default
   * @throws NoMicrophone
   */
  static async open(
    listener: MicrophoneListener,
    deviceId: string,
    kind: CaptureKind = FOR_LISTENING,
  ): Promise<Microphone> {
    const track = await requestTrack(deviceId, kind.constraints);
    try {
      const { context, source } = await connect(new MediaStream([track]), kind.rate);
      const node = new AudioWorkletNode(context, CAPTURE_PROCESSOR, {
        numberOfOutputs: 0,
        channelCount: 1,
        channelCountMode: "explicit",
        processorOptions: { rate: kind.rate } satisfies CaptureOptions,
      });
      node.port.onmessage = ({ data }: MessageEvent<Captured>) => listener.frame(data);
      source.connect(node);
      const closing = new AbortController();
      const { signal } = closing;
      track.addEventListener("ended", () => listener.ended(), { signal });
      track.addEventListener("mute", () => listener.muted(true), { signal });
      track.addEventListener("unmute", () => listener.muted(false), { signal });
      context.addEventListener("statechange", () => listener.context(context.state), { signal });
      const microphone = new Microphone(track, context, node, closing);
      microphone.resume();
      return microphone;
    } catch (error) {
      track.stop();
      throw error;
    }
  }

  /** The name of the device. */
  get label(): string {
    return this.track.label;
  }

  get hasEnded(): boolean {
    return this.track.readyState === "ended";
  }

  get muted(): boolean {
    return this.track.muted;
  }

  get state(): ContextState {
    return this.context.state;
  }

  /** Start the context if it does not run. The promise is not awaited: the browser may keep it until the next click. */
  resume(): void {
    // It fails while a call uses the sound. The context's state tells when to try again.
    if (this.context.state !== "running") this.context.resume().catch(() => undefined);
  }

  async close(): Promise<void> {
    this.closing.abort();
    this.node.port.onmessage = null;
    this.track.stop();
    if (this.context.state !== "closed") await this.context.close();
  }
}

/** Call back with the state of the microphone's permission, now and whenever it changes. */
export async function watchPermission(onState: (state: PermissionState) => void): Promise<void> {
  // Some browsers cannot be asked about this permission.
  const status = await navigator.permissions?.query({ name: "microphone" }).catch(() => null);
  if (!status) return;
  onState(status.state);
  status.addEventListener("change", () => onState(status.state));
}

async function requestTrack(deviceId: string, constraints: MediaTrackConstraints): Promise<MediaStreamTrack> {
  // Browsers hide the microphone API from pages that were not loaded over https or from localhost.
  if (!("mediaDevices" in navigator)) {
    throw new NoMicrophone(texts.microphone.notSecure);
  }
  const device = deviceId === "" ? {} : { deviceId: { ideal: deviceId } };
  const stream = await navigator.mediaDevices
    .getUserMedia({ audio: { ...constraints, ...device } })
    .catch((error: unknown) => {
      throw new NoMicrophone(explain(error));
    });
  const [track] = stream.getAudioTracks();
  if (!track) throw new NoMicrophone(texts.microphone.noTrack);
  return track;
}

/** Firefox refuses a stream whose rate differs from the context's; there the worklet resamples instead. */
async function connect(
  stream: MediaStream,
  rate: number,
): Promise<{ context: AudioContext; source: MediaStreamAudioSourceNode }> {
  let context = new AudioContext({ sampleRate: rate });
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
    return texts.microphone.denied;
  }
  if (name === "NotFoundError" || name === "OverconstrainedError") {
    return texts.microphone.notFound;
  }
  if (name === "NotReadableError" || name === "AbortError") {
    return texts.microphone.inUse;
  }
  return texts.microphone.cannotOpen;
}
