/** The texts of the page in the chosen language, and the formats of its numbers and dates. */

import { signal } from "@preact/signals";

import { type Params, en } from "./en";
import { type Language, localeFor } from "./languages";

export type { Params };
export type Texts = typeof en;

const current = signal({ language: "en" as Language, texts: en });
/** Of the calls of `showLanguage`, only the last one counts. */
let calls = 0;

/** Each access reads a signal, so a component that shows a text is rendered again if the language changes. */
export const texts: Texts = new Proxy(en, {
  get: (_, name) => current.value.texts[name as keyof Texts],
});

/** Load a language and show it. If it cannot be loaded, the page stays as it is. */
export async function showLanguage(language: Language): Promise<void> {
  calls += 1;
  const call = calls;
  try {
    const loaded = await load(language);
    if (call !== calls) return;
    current.value = { language, texts: loaded };
    document.documentElement.lang = language;
  } catch (error) {
    console.warn(`Tertulia: the texts in the language ${language} could not be loaded.`, error);
  }
}

/** The locale for `Intl`. */
export function locale(): string {
  return localeFor(current.value.language, globalThis.navigator?.languages ?? []);
}

export function formatNumber(value: number, options?: Intl.NumberFormatOptions): string {
  return new Intl.NumberFormat(locale(), options).format(value);
}

/** The text for a warning or an error of the server: the server's own text, if the page does not know the code. */
export function serverText(code: string, sent: string): string {
  return Object.hasOwn(en.server, code) ? texts.server[code as keyof Texts["server"]](sent) : sent;
}

/**
 * The text for a problem of the REST API. `""` if the page does not know the code.
 *
 * @param sent the server's own text
 */
export function problemText(code: string, sent: string, params: Params): string {
  if (Object.hasOwn(en.problem, code)) return texts.problem[code as keyof Texts["problem"]](sent, params);
  return Object.hasOwn(en.server, code) ? serverText(code, sent) : "";
}

/** What a voice sounds like: its traits in the page's language, or the server's text if one is unknown. */
export function voiceDescription(voice: {
  readonly description: string;
  readonly traits?: readonly string[];
  readonly origin?: string;
}): string {
  const { description, traits = [], origin = "" } = voice;
  if (traits.length === 0 || traits.some((trait) => !Object.hasOwn(en.voices.traits, trait))) return description;
  const words = traits.map((trait) => texts.voices.traits[trait as keyof Texts["voices"]["traits"]]).join(", ");
  return origin ? `${words} (${origin})` : words;
}

/** English is a part of the page, so that there always is a language. */
async function load(language: Language): Promise<Texts> {
  switch (language) {
    case "de":
      return (await import("./de")).de;
    case "es":
      return (await import("./es")).es;
    case "en":
      return en;
  }
}
