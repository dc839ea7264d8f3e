import type { JSX } from "preact";
import { useState } from "preact/hooks";

import type { Talk } from "../talk/talk";
import { shownSettings } from "../talk/page-state";
import type { ModelSettings } from "../wire/events";
import { ModelNameField } from "./model-name-field";
import { SliderField } from "./slider-field";
import { SLIDERS } from "./model-settings";
import { Notices } from "./notices";
import { Sheet } from "./sheet";

export const DEMO = "Demo: the replies are scripted. Press to connect a model.";

export function SettingsSheet({
  talk,
  onConnect,
  onClose,
}: {
  talk: Talk;
  onConnect: () => void;
  onClose: () => void;
}): JSX.Element {
  const settings = shownSettings(talk.state.value);
  const { demo } = talk.state.value;
  const [refused, setRefused] = useState(false);
  const change = (part: Partial<ModelSettings>) => setRefused(!talk.changeSettings(part));
  return (
    <Sheet title="Model" onClose={onClose}>
      {demo ? (
        <p class="demo-note" id="no-effect">
          The demo answers: its replies are scripted, so the settings below have no effect until you connect a model.
        </p>
      ) : (
        <p class="lead">
          Applies to this conversation from your next message on. What you do not set keeps the model's default.
        </p>
      )}
      <button type="button" class={demo ? "primary" : ""} onClick={onConnect}>
        {demo ? "Connect a model" : "Model server and key"}
      </button>
      {refused && (
        <p class="remark trouble" role="alert">
          The connection is lost; nothing was changed. Try again when it is back.
        </p>
      )}
      <Notices talk={talk} place="settings" />
      <form class="form settings-form" onSubmit={(event) => event.preventDefault()}>
        <fieldset class="form" aria-describedby={demo ? "no-effect" : undefined}>
          <ModelNameField
            talk={talk}
            value={settings.model ?? ""}
            onChange={(name) => change({ model: name || null })}
          />
          {SLIDERS.map((slider) => (
            <SliderField
              key={slider.name}
              slider={slider}
              value={settings[slider.name] ?? null}
              unset="model's default"
              onChange={change}
            />
          ))}
        </fieldset>
      </form>
    </Sheet>
  );
}
