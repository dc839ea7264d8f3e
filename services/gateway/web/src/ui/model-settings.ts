/** The numeric model settings, with the ranges that the server allows. */

import type { ModelSettings } from "../wire/events";

export interface Slider {
  readonly name: Exclude<keyof ModelSettings, "model">;
  readonly least: number;
  readonly most: number;
  readonly step: number;
  /** The value that most models use by default. */
  readonly usual: number;
}

/** Settings of which none is set. */
export const NO_SETTINGS: ModelSettings = {
  model: null,
  temperature: null,
  top_p: null,
  min_p: null,
  top_k: null,
  frequency_penalty: null,
  presence_penalty: null,
  repetition_penalty: null,
};

export const SLIDERS: readonly Slider[] = [
  { name: "temperature", least: 0, most: 2, step: 0.05, usual: 1 },
  { name: "top_p", least: 0, most: 1, step: 0.01, usual: 1 },
  { name: "min_p", least: 0, most: 1, step: 0.01, usual: 0 },
  { name: "top_k", least: 0, most: 1_000, step: 1, usual: 0 },
  { name: "frequency_penalty", least: -2, most: 2, step: 0.05, usual: 0 },
  { name: "presence_penalty", least: -2, most: 2, step: 0.05, usual: 0 },
  { name: "repetition_penalty", least: 0, most: 2, step: 0.05, usual: 1 },
];
