/** A slider with its label, its value in words, and a button that resets it. */

import type { ComponentChildren, JSX } from "preact";

import { FieldProblem } from "./field-problem";

interface Props {
  readonly id: string;
  readonly label: string;
  readonly range: { readonly least: number; readonly most: number; readonly step: number };
  readonly value: number;
  /** The value in words. */
  readonly words: string;
  /** A screen reader says this instead of the number. */
  readonly spoken?: string;
  /** Nothing is set; `value` is only shown. */
  readonly unset?: boolean;
  /** The button that resets the value; null without one. */
  readonly reset?: { readonly text: string; readonly label: string; readonly act: () => void } | null;
  readonly effect: ComponentChildren;
  readonly problem?: string;
  /** Called while the slider moves. */
  readonly onInput: (value: number) => void;
  /** Called when the slider has stopped. */
  readonly onChange?: (value: number) => void;
}

export function RangeField({ id, label, range, value, words, reset = null, effect, problem = "", ...rest }: Props): JSX.Element {
  const { spoken, unset = false, onInput, onChange } = rest;
  return (
    <div class={`field slider ${unset ? "unset" : ""}`}>
      <div class="slider-head">
        <label for={id}>{label}</label>
        <output for={id}>{words}</output>
        {reset && (
          <button type="button" class="link" aria-label={reset.label} onClick={reset.act}>
            {reset.text}
          </button>
        )}
      </div>
      <input
        id={id}
        type="range"
        min={range.least}
        max={range.most}
        step={range.step}
        value={value}
        aria-valuetext={spoken}
        aria-describedby={`${id}-effect`}
        onInput={(event) => onInput(event.currentTarget.valueAsNumber)}
        onChange={(event) => onChange?.(event.currentTarget.valueAsNumber)}
      />
      <p class="detail" id={`${id}-effect`}>
        {effect}
      </p>
      <FieldProblem text={problem} />
    </div>
  );
}
