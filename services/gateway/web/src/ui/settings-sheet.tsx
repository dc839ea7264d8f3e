import type { JSX } from "preact";
import { useState } from "preact/hooks";

import type { Talk } from "../talk/talk";
import { shownSettings } from "../talk/page-state";
import type { ModelSettings } from "../wire/events";
import { SliderField } from "./slider-field";
import { SLIDERS } from "./model-settings";
import { Notices } from "./notices";
import { Sheet } from "./sheet";

export const DEMO =
  "Demo: the replies are scripted. For a language model, set OPENROUTER_API_KEY or TERTULIA_LLM_BASE_URL in .env, " +
  "and restart.";

export function SettingsSheet({ talk, onClose }: { talk: Talk; onClose: () => void }): JSX.Element {
  const settings = shownSettings(talk.state.value);
  const [refused, setRefused] = useState(false);
  // The text that the user is typing. Without this state, a render caused by an event would restore the old name.
  const [typed, setTyped] = useState<string | null>(null);
  const change = (part: Partial<ModelSettings>) => setRefused(!talk.changeSettings(part));
  return (
    <Sheet title="Model" onClose={onClose}>
      {talk.state.value.demo && <p class="demo-note">{DEMO} Until then, the settings below have no effect.</p>}
      <p class="lead">Applies to this conversation from your next message on. What you do not set keeps the model's default.</p>
      {refused && (
        <p class="remark trouble" role="alert">
          The connection is lost; nothing was changed. Try again when it is back.
        </p>
      )}
      <Notices talk={talk} place="settings" />
      <form class="form" onSubmit={(event) => event.preventDefault()}>
        <div class="field">
          <label for="model-name">Model</label>
          <input
            id="model-name"
            maxLength={200}
            value={typed ?? settings.model ?? ""}
            placeholder="Server default"
            spellcheck={false}
            onInput={(event) => setTyped(event.currentTarget.value)}
            onChange={(event) => {
              const name = event.currentTarget.value.trim();
              setTyped(name);
              change({ model: name || null });
            }}
          />
        </div>
        {SLIDERS.map((slider) => (
          <SliderField
            key={slider.name}
            slider={slider}
            value={settings[slider.name] ?? null}
            unset="model's default"
            onChange={change}
          />
        ))}
      </form>
    </Sheet>
  );
}
