/** The numeric model settings, with the ranges that the server allows. */

import type { ModelSettings } from "../wire/events";

export interface Slider {
  readonly name: Exclude<keyof ModelSettings, "model">;
  readonly label: string;
  readonly least: number;
  readonly most: number;
  readonly step: number;
  /** The value that most models use by default. */
  readonly usual: number;
  readonly effect: string;
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
  {
    name: "temperature",
    label: "Temperature",
    least: 0,
    most: 2,
    step: 0.05,
    usual: 1,
    effect: "Low: predictable. High: surprising.",
  },
  {
    name: "top_p",
    label: "Top p",
    least: 0,
    most: 1,
    step: 0.01,
    usual: 1,
    effect: "Considers only the most likely words that together make up this share.",
  },
  {
    name: "min_p",
    label: "Min p",
    least: 0,
    most: 1,
    step: 0.01,
    usual: 0,
    effect: "Leaves out words that are less likely than this share of the most likely one.",
  },
  {
    name: "top_k",
    label: "Top k",
    least: 0,
    most: 1_000,
    step: 1,
    usual: 0,
    effect: "Considers only this many of the most likely words (0: all).",
  },
  {
    name: "frequency_penalty",
    label: "Frequency penalty",
    least: -2,
    most: 2,
    step: 0.05,
    usual: 0,
    effect: "Makes words less likely the more often they were used.",
  },
  {
    name: "presence_penalty",
    label: "Presence penalty",
    least: -2,
    most: 2,
    step: 0.05,
    usual: 0,
    effect: "Makes words less likely once they were used.",
  },
  {
    name: "repetition_penalty",
    label: "Repetition penalty",
    least: 0,
    most: 2,
    step: 0.05,
    usual: 1,
    effect: "Above 1: less repetition. Below 1: more.",
  },
];
