/** The slider for how often a character answers a remark that is addressed to no one. */

import type { JSX } from "preact";

import { texts } from "../texts";
import { RangeField } from "./range-field";

interface Props {
  readonly value: number;
  readonly problem: string;
  readonly onChange: (value: number) => void;
}

export function TalkativenessField({ value, problem, onChange }: Props): JSX.Element {
  const words = talkativenessText(value);
  return (
    <RangeField
      id="talkativeness"
      label={texts.character.talkativeness}
      range={{ least: 0, most: 100, step: 5 }}
      value={value}
      words={words}
      spoken={`${value}: ${words}`}
      effect={texts.character.talkativenessEffect}
      problem={problem}
      onInput={onChange}
    />
  );
}

export function talkativenessText(value: number): string {
  const words = texts.character.talkativenessOf;
  if (value === 0) return words.never;
  if (value < 30) return words.quiet;
  if (value <= 70) return words.usual;
  return value < 100 ? words.talkative : words.always;
}
