import type { JSX } from "preact";

import type { Talk } from "../talk/talk";
import { Icon } from "./icons";

export function SoundControl({ talk, onSettings }: { talk: Talk; onSettings: () => void }): JSX.Element {
  const { volume, muted } = talk.preferences.value;
  return (
    <div class="sound">
      <button
        type="button"
        class="quiet"
        aria-pressed={muted}
        aria-label="Mute the voices"
        title={muted ? "The voices are muted" : "Mute the voices"}
        onClick={() => talk.prefer({ muted: !muted })}
      >
        <Icon name={muted ? "muted" : "sound"} />
      </button>
      <input
        type="range"
        min={0}
        max={100}
        step={5}
        value={Math.round(volume * 100)}
        aria-label="Volume"
        onInput={(event) => talk.prefer({ volume: event.currentTarget.valueAsNumber / 100, muted: false })}
      />
      <button
        type="button"
        class="quiet"
        aria-label="Settings"
        title="Microphone, loudspeaker, volume and theme"
        onClick={onSettings}
      >
        <Icon name="gear" />
      </button>
    </div>
  );
}
