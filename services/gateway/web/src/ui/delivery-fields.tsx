/** The sliders for a character's speed and pitch. Each is shown only if the chosen voice can change it. */

import type { JSX } from "preact";

import type { Delivery, Voice } from "../rest/api";
import type { RequestFailed } from "../rest/problem";
import { formatNumber, texts } from "../texts";
import { FieldProblem } from "./field-problem";

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
        <RangeField
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

interface RangeProps extends Pick<Props, "onChange"> {
  readonly range: Range;
  readonly value: number;
  readonly problem: string;
}

function RangeField({ range, value, problem, onChange }: RangeProps): JSX.Element {
  const id = `delivery-${range.name}`;
  const words = range.words(value);
  const label = texts.delivery[range.name];
  return (
    <div class="field slider">
      <div class="slider-head">
        <label for={id}>{label}</label>
        <output for={id}>{words}</output>
        {value !== range.usual && (
          <button
            type="button"
            class="link"
            aria-label={texts.delivery.resetOf(label)}
            onClick={() => onChange({ [range.name]: range.usual })}
          >
            {texts.delivery.reset}
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
        aria-valuetext={words}
        aria-describedby={`${id}-effect`}
        onInput={(event) => onChange({ [range.name]: event.currentTarget.valueAsNumber })}
      />
      <p class="detail" id={`${id}-effect`}>
        {range.name === "speed" ? texts.delivery.speedEffect : texts.delivery.pitchEffect}
      </p>
      <FieldProblem text={problem} />
    </div>
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
