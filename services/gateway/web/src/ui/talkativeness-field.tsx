/** The slider for how often a character answers a remark that is addressed to no one. */

import type { JSX } from "preact";

import { texts } from "../texts";
import { FieldProblem } from "./field-problem";

interface Props {
  readonly value: number;
  readonly problem: string;
  readonly onChange: (value: number) => void;
}

export function TalkativenessField({ value, problem, onChange }: Props): JSX.Element {
  const words = talkativenessText(value);
  return (
    <div class="field slider">
      <div class="slider-head">
        <label for="talkativeness">{texts.character.talkativeness}</label>
        <output for="talkativeness">{words}</output>
      </div>
      <input
        id="talkativeness"
        type="range"
        min={0}
        max={100}
        step={5}
        value={value}
        aria-valuetext={`${value}: ${words}`}
        aria-describedby="talkativeness-effect"
        onInput={(event) => onChange(event.currentTarget.valueAsNumber)}
      />
      <p class="detail" id="talkativeness-effect">
        {texts.character.talkativenessEffect}
      </p>
      <FieldProblem text={problem} />
    </div>
  );
}

export function talkativenessText(value: number): string {
  const words = texts.character.talkativenessOf;
  if (value === 0) return words.never;
  if (value < 30) return words.quiet;
  if (value <= 70) return words.usual;
  return value < 100 ? words.talkative : words.always;
}
