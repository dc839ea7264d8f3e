/** The microphones and loudspeakers among which the user can choose. */

export interface Device {
  readonly id: string;
  readonly label: string;
}

export interface Devices {
  readonly microphones: readonly Device[];
  readonly loudspeakers: readonly Device[];
}

interface WithOutput {
  setSinkId?(id: string): Promise<void>;
}

export const canChooseLoudspeaker = (): boolean => "setSinkId" in AudioContext.prototype;

/** Play the sound of a context on this loudspeaker; `""` is the system's default. A missing one changes nothing. */
export async function chooseLoudspeaker(context: AudioContext, id: string): Promise<void> {
  await (context as WithOutput).setSinkId?.(id).catch(() => undefined);
}

/** Browsers give names only after the user has allowed the microphone. */
export async function listDevices(): Promise<Devices> {
  const all = "mediaDevices" in navigator ? await navigator.mediaDevices.enumerateDevices().catch(() => []) : [];
  return devicesOf(all);
}

type Info = Pick<MediaDeviceInfo, "deviceId" | "kind" | "label">;

/** Without the entries that stand for the system's default, which the page offers itself. */
export function devicesOf(all: readonly Info[]): Devices {
  const of = (kind: MediaDeviceKind) =>
    all
      .filter((each) => each.kind === kind && each.label !== "" && !ALIASES.has(each.deviceId))
      .map(({ deviceId, label }) => ({ id: deviceId, label }));
  return { microphones: of("audioinput"), loudspeakers: of("audiooutput") };
}

const ALIASES: ReadonlySet<string> = new Set(["", "default", "communications"]);

/** Call back when a device is plugged in or unplugged. Returns a function that ends it. */
export function onDevicesChange(changed: () => void): () => void {
  if (!("mediaDevices" in navigator)) return () => undefined;
  navigator.mediaDevices.addEventListener("devicechange", changed);
  return () => navigator.mediaDevices.removeEventListener("devicechange", changed);
}
