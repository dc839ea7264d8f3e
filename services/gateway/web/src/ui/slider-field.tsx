/** A slider for one numeric model setting. */

import type { JSX } from "preact";
import { useState } from "preact/hooks";

import { formatNumber, texts } from "../texts";
import type { ModelSettings } from "../wire/events";
import { FieldProblem } from "./field-problem";
import type { Slider } from "./model-settings";

interface Props {
  readonly slider: Slider;
  /** The value of the setting; null if it is not set. */
  readonly value: number | null;
  /** The text that is shown while the setting is not set: what applies then. */
  readonly unset: string;
  readonly problem?: string;
  readonly onChange: (part: Partial<ModelSettings>) => void;
}

export function SliderField({ slider, value, unset, problem = "", onChange }: Props): JSX.Element {
  const [moving, setMoving] = useState<number | null>(null);
  const shown = moving ?? value ?? slider.usual;
  const id = `slider-${slider.name}`;
  const { label, effect } = texts.model.settings[slider.name];
  return (
    <div class={`field slider ${value === null && moving === null ? "unset" : ""}`}>
      <div class="slider-head">
        <label for={id}>{label}</label>
        <output for={id}>{value === null && moving === null ? unset : formatNumber(shown)}</output>
        {value !== null && (
          <button
            type="button"
            class="link"
            onClick={() => onChange({ [slider.name]: null })}
            aria-label={texts.model.resetOf(label)}
          >
            {texts.model.reset}
          </button>
        )}
      </div>
      <input
        id={id}
        type="range"
        min={slider.least}
        max={slider.most}
        step={slider.step}
        value={shown}
        aria-describedby={`${id}-effect`}
        onInput={(event) => setMoving(event.currentTarget.valueAsNumber)}
        onChange={(event) => {
          onChange({ [slider.name]: event.currentTarget.valueAsNumber });
          setMoving(null);
        }}
      />
      <p class="detail" id={`${id}-effect`}>
        {effect}{" "}
        {texts.model.range(formatNumber(slider.least), formatNumber(slider.most), formatNumber(slider.usual))}
      </p>
      {problem && <FieldProblem text={problem} />}
    </div>
  );
}
