/** The panel of settings: devices, a test of the microphone, volume, typing, language, theme, and the token. */

import { useComputed, useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";

import { type Device, type Devices, canChooseLoudspeaker, listDevices, onDevicesChange } from "../audio/devices";
import { Microphone, NoMicrophone } from "../audio/microphone";
import type { Talk } from "../talk/talk";
import { formatNumber, texts } from "../texts";
import { LanguageField } from "./language-field";
import { Sheet } from "./sheet";
import { ThemeField } from "./theme-field";
import { TokenOnDevice } from "./token-on-device";

const PERCENT: Intl.NumberFormatOptions = { style: "percent" };

export function SoundSheet({ talk, onClose }: { talk: Talk; onClose: () => void }): JSX.Element {
  const { volume, microphone, loudspeaker, typingInterrupts } = talk.preferences.value;
  const [devices, setDevices] = useState<Devices | null>(null);
  const load = () => void listDevices().then(setDevices);
  useEffect(() => {
    load();
    return onDevicesChange(load);
  }, []);
  return (
    <Sheet title={texts.settings.title} onClose={onClose}>
      <form class="form" onSubmit={(event) => event.preventDefault()}>
        <DeviceField
          id="microphone"
          label={texts.sound.microphone}
          devices={devices?.microphones ?? null}
          chosen={microphone}
          onChange={(id) => talk.prefer({ microphone: id })}
        />
        <MicrophoneTest key={microphone} talk={talk} onAllowed={load} />
        {canChooseLoudspeaker() && (
          <DeviceField
            id="loudspeaker"
            label={texts.sound.loudspeaker}
            devices={devices?.loudspeakers ?? null}
            chosen={loudspeaker}
            onChange={(id) => talk.prefer({ loudspeaker: id })}
          />
        )}
        <div class="field slider">
          <div class="slider-head">
            <label for="sound-volume">{texts.sound.volume}</label>
            <output for="sound-volume">{formatNumber(volume, PERCENT)}</output>
          </div>
          <input
            id="sound-volume"
            type="range"
            min={0}
            max={100}
            step={5}
            value={Math.round(volume * 100)}
            onInput={(event) => talk.prefer({ volume: event.currentTarget.valueAsNumber / 100, muted: false })}
          />
        </div>
        <label class="check">
          <input
            type="checkbox"
            checked={typingInterrupts}
            onChange={(event) => talk.prefer({ typingInterrupts: event.currentTarget.checked })}
          />
          <span>{texts.sound.typingInterrupts}</span>
        </label>
        <LanguageField talk={talk} />
        <ThemeField talk={talk} />
        <TokenOnDevice />
      </form>
    </Sheet>
  );
}

interface DeviceFieldProps {
  readonly id: string;
  readonly label: string;
  /** null until the browser has listed them. */
  readonly devices: readonly Device[] | null;
  readonly chosen: string;
  readonly onChange: (id: string) => void;
}

function DeviceField({ id, label, devices, chosen, onChange }: DeviceFieldProps): JSX.Element {
  const isUnlisted = chosen !== "" && !devices?.some((device) => device.id === chosen);
  return (
    <div class="field">
      <label for={`device-${id}`}>{label}</label>
      <select id={`device-${id}`} value={chosen} onChange={(event) => onChange(event.currentTarget.value)}>
        <option value="">{texts.sound.systemDefault}</option>
        {isUnlisted && <option value={chosen}>{devices ? texts.sound.missingDevice : ""}</option>}
        {devices?.map((device) => (
          <option key={device.id} value={device.id}>
            {device.label}
          </option>
        ))}
      </select>
      {devices?.length === 0 && <p class="detail">{texts.sound.noNames}</p>}
    </div>
  );
}

/** Shows the level of the microphone: of the open one, or of one that is opened for the test. */
function MicrophoneTest({ talk, onAllowed }: { talk: Talk; onAllowed: () => void }): JSX.Element {
  const [testing, setTesting] = useState(false);
  const [problem, setProblem] = useState("");
  const level = useSignal(0);
  const isOn = talk.state.value.listening.microphone !== "off";
  useEffect(() => {
    if (!testing || isOn) return undefined;
    let gone = false;
    let open: Microphone | null = null;
    const close = () => void open?.close();
    Microphone.open(
      {
        frame: (frame) => (level.value = frame.level),
        ended: () => setTesting(false),
        muted: () => undefined,
        context: () => undefined,
      },
      talk.preferences.value.microphone,
    ).then(
      (microphone) => {
        open = microphone;
        if (gone) return close();
        onAllowed();
      },
      (error: unknown) => {
        if (!(error instanceof NoMicrophone)) throw error;
        setProblem(error.message);
        setTesting(false);
      },
    );
    return () => {
      gone = true;
      level.value = 0;
      close();
    };
  }, [testing, isOn]);
  const shown = useComputed(() => Math.min(1, (isOn ? talk.micLevel.value : level.value) * 6));
  return (
    <div class="field">
      <div class="inline">
        {!isOn && (
          <button type="button" onClick={() => (setProblem(""), setTesting(!testing))}>
            {testing ? texts.sound.stopTest : texts.sound.test}
          </button>
        )}
        <LevelMeter level={shown} />
      </div>
      {(testing || isOn) && <p class="detail">{texts.sound.speak}</p>}
      {problem && (
        <p class="remark trouble" role="alert">
          {problem}
        </p>
      )}
    </div>
  );
}

function LevelMeter({ level }: { level: { readonly value: number } }): JSX.Element {
  return (
    <meter class="level" aria-label={texts.sound.level} min={0} max={1} value={level.value}>
      {formatNumber(level.value, PERCENT)}
    </meter>
  );
}
