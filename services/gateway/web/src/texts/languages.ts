/** The languages of the page, and which of them to use. Pure. */

export type Language = "en" | "de" | "es";

/** The languages with their own names. */
export const LANGUAGES: readonly { readonly tag: Language; readonly name: string }[] = [
  { tag: "en", name: "English" },
  { tag: "de", name: "Deutsch" },
  { tag: "es", name: "Español" },
];

export function isLanguage(value: unknown): value is Language {
  return LANGUAGES.some(({ tag }) => tag === value);
}

/**
 * @param chosen the user's choice; `""` if the browser decides
 * @param preferred the browser's languages, the preferred one first, as in `navigator.languages`
 */
export function languageFor(chosen: Language | "", preferred: readonly string[]): Language {
  if (chosen) return chosen;
  return preferred.map(base).find(isLanguage) ?? "en";
}

/** The locale for numbers and dates: the first of the browser's that has this language, else the language itself. */
export function localeFor(language: Language, preferred: readonly string[]): string {
  return preferred.find((tag) => base(tag) === language) ?? language;
}

function base(tag: string): string {
  return (tag.split("-")[0] ?? "").toLowerCase();
}
