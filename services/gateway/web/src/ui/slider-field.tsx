/** A slider for one numeric model setting. */

import type { JSX } from "preact";
import { useState } from "preact/hooks";

import { formatNumber, texts } from "../texts";
import type { ModelSettings } from "../wire/events";
import type { Slider } from "./model-settings";
import { RangeField } from "./range-field";

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
  const { label, effect } = texts.model.settings[slider.name];
  const isUnset = value === null && moving === null;
  return (
    <RangeField
      id={`slider-${slider.name}`}
      label={label}
      range={slider}
      value={shown}
      words={isUnset ? unset : formatNumber(shown)}
      unset={isUnset}
      reset={value === null ? null : { text: texts.model.reset, label: texts.model.resetOf(label), act: () => onChange({ [slider.name]: null }) }}
      effect={`${effect} ${texts.model.range(formatNumber(slider.least), formatNumber(slider.most), formatNumber(slider.usual))}`}
      problem={problem}
      onInput={setMoving}
      onChange={(chosen) => {
        onChange({ [slider.name]: chosen });
        setMoving(null);
      }}
    />
  );
}
