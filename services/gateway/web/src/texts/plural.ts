/** Chooses the form of a text by a number, as the language requires it. Pure. */

export interface Forms {
  readonly one: string;
  readonly other: string;
}

export function plurals(language: string): (count: number, forms: Forms) => string {
  const rules = new Intl.PluralRules(language);
  return (count, { one, other }) => (rules.select(count) === "one" ? one : other);
}
