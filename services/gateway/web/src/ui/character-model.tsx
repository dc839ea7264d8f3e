/** The model and the settings of one character. A setting that is not set is taken from the conversation. */

import type { JSX } from "preact";

import type { RequestFailed } from "../rest/problem";
import { texts } from "../texts";
import type { ModelSettings } from "../wire/events";
import { SliderField } from "./slider-field";
import { FieldProblem } from "./field-problem";
import { SLIDERS } from "./model-settings";

interface Props {
  readonly settings: ModelSettings;
  readonly failure: RequestFailed | null;
  readonly onChange: (settings: ModelSettings) => void;
}

export function CharacterModel({ settings, failure, onChange }: Props): JSX.Element {
  const change = (part: Partial<ModelSettings>) => onChange({ ...settings, ...part });
  const problemOf = (name: keyof ModelSettings) => failure?.about(name, "model_settings") ?? "";
  const refused = Object.keys(settings).some((name) => problemOf(name as keyof ModelSettings) !== "");
  const own = Object.values(settings).filter((value) => value !== null).length;
  return (
    <details class="field folded" open={refused || undefined}>
      <summary>
        {texts.character.modelAndSettings}
        <span class="detail">{own === 0 ? texts.character.asInConversation : texts.character.changed(own)}</span>
      </summary>
      <div class="form">
        <p class="detail">{texts.character.modelEffect}</p>
        <div class="field">
          <label for="character-model">{texts.character.model}</label>
          <input
            id="character-model"
            maxLength={200}
            value={settings.model ?? ""}
            placeholder={texts.character.modelPlaceholder}
            spellcheck={false}
            onInput={(event) => change({ model: event.currentTarget.value || null })}
          />
          <FieldProblem text={problemOf("model")} />
        </div>
        {SLIDERS.map((slider) => (
          <SliderField
            key={slider.name}
            slider={slider}
            value={settings[slider.name]}
            unset={texts.character.unset}
            problem={problemOf(slider.name)}
            onChange={change}
          />
        ))}
      </div>
    </details>
  );
}
