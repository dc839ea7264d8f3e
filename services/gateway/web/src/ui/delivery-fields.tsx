/** The sliders for a character's speed and pitch. Each is shown only if the chosen voice can change it. */

import type { JSX } from "preact";

import type { Delivery, Voice } from "../rest/api";
import type { RequestFailed } from "../rest/problem";
import { formatNumber, texts } from "../texts";
import { RangeField } from "./range-field";

interface Range {
  readonly name: keyof Delivery;
  readonly least: number;
  readonly most: number;
  readonly step: number;
  readonly usual: number;
  readonly words: (value: number) => string;
}

const RANGES: readonly Range[] = [
  {
    name: "speed",
    least: 0.5,
    most: 2,
    step: 0.05,
    usual: 1,
    words: speedText,
  },
  {
    name: "pitch",
    least: -6,
    most: 6,
    step: 0.5,
    usual: 0,
    words: pitchText,
  },
];

interface Props {
  /** The chosen voice; undefined if no engine has it now. */
  readonly voice: Voice | undefined;
  readonly delivery: Delivery;
  readonly failure: RequestFailed | null;
  readonly onChange: (part: Partial<Delivery>) => void;
}

export function DeliveryFields({ voice, delivery, failure, onChange }: Props): JSX.Element {
  const ranges = RANGES.filter((range) => voice?.adjustable?.includes(range.name));
  return (
    <>
      {ranges.map((range) => (
        <DeliveryField
          key={range.name}
          range={range}
          value={delivery[range.name]}
          problem={failure?.about(range.name) ?? ""}
          onChange={onChange}
        />
      ))}
    </>
  );
}

interface FieldProps extends Pick<Props, "onChange"> {
  readonly range: Range;
  readonly value: number;
  readonly problem: string;
}

function DeliveryField({ range, value, problem, onChange }: FieldProps): JSX.Element {
  const words = range.words(value);
  const label = texts.delivery[range.name];
  const set = (chosen: number) => onChange({ [range.name]: chosen });
  return (
    <RangeField
      id={`delivery-${range.name}`}
      label={label}
      range={range}
      value={value}
      words={words}
      spoken={words}
      reset={
        value === range.usual
          ? null
          : { text: texts.delivery.reset, label: texts.delivery.resetOf(label), act: () => set(range.usual) }
      }
      effect={range.name === "speed" ? texts.delivery.speedEffect : texts.delivery.pitchEffect}
      problem={problem}
      onInput={set}
    />
  );
}

export function speedText(speed: number): string {
  return speed === 1 ? texts.delivery.own : formatNumber(speed, { style: "percent" });
}

export function pitchText(pitch: number): string {
  if (pitch === 0) return texts.delivery.own;
  const size = Math.abs(pitch);
  return texts.delivery.semitones(formatNumber(size), size, pitch > 0);
}
