/** A slider for one numeric model setting. */

import type { JSX } from "preact";
import { useState } from "preact/hooks";

import type { ModelSettings } from "../wire/events";
import { FieldProblem } from "./field-problem";
import type { Dial } from "./model-settings";

interface Props {
  readonly dial: Dial;
  /** The value of the setting; null if it is not set. */
  readonly value: number | null;
  /** The text that is shown while the setting is not set: what applies then. */
  readonly unset: string;
  readonly problem?: string;
  readonly onChange: (part: Partial<ModelSettings>) => void;
}

export function DialField({ dial, value, unset, problem = "", onChange }: Props): JSX.Element {
  const [moving, setMoving] = useState<number | null>(null);
  const shown = moving ?? value ?? dial.usual;
  const id = `dial-${dial.name}`;
  return (
    <div class={`field dial ${value === null && moving === null ? "unset" : ""}`}>
      <div class="dial-head">
        <label for={id}>{dial.label}</label>
        <output for={id}>{value === null && moving === null ? unset : shown}</output>
        {value !== null && (
          <button
            type="button"
            class="link"
            onClick={() => onChange({ [dial.name]: null })}
            aria-label={`${dial.label}: back to the ${unset}`}
          >
            Reset
          </button>
        )}
      </div>
      <input
        id={id}
        type="range"
        min={dial.least}
        max={dial.most}
        step={dial.step}
        value={shown}
        aria-describedby={`${id}-effect`}
        onInput={(event) => setMoving(event.currentTarget.valueAsNumber)}
        onChange={(event) => {
          onChange({ [dial.name]: event.currentTarget.valueAsNumber });
          setMoving(null);
        }}
      />
      <p class="detail" id={`${id}-effect`}>
        {dial.effect} {dial.least} to {dial.most}, usually {dial.usual}.
      </p>
      {problem && <FieldProblem text={problem} />}
    </div>
  );
}
