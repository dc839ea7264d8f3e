/** The slider for how often a character answers a remark that is addressed to no one. */

import type { JSX } from "preact";

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
        <label for="talkativeness">Talkativeness</label>
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
        How often this character joins in when you name no one. It always answers when you name it.
      </p>
      <FieldProblem text={problem} />
    </div>
  );
}

export function talkativenessText(value: number): string {
  if (value === 0) return "only when addressed";
  if (value < 30) return "quiet";
  if (value <= 70) return "like most";
  return value < 100 ? "talkative" : "speaks readily";
}
