/** The texts of a character that are in its card: which there are, and what a form has changed of them. Pure. */

/** The single texts, in the order of a prompt, under the names of the card. */
export const CARD_FIELDS = [
  "system_prompt",
  "personality",
  "scenario",
  "mes_example",
  "post_history_instructions",
] as const;
export type CardField = (typeof CARD_FIELDS)[number];

export interface CardTexts extends Readonly<Record<CardField, string>> {
  /** The texts with which the character can begin a conversation. */
  readonly greetings: readonly string[];
}

export const NO_CARD_TEXTS: CardTexts = {
  system_prompt: "",
  personality: "",
  scenario: "",
  mes_example: "",
  post_history_instructions: "",
  greetings: [],
};
/** What the gateway accepts (`tertulia_gateway.cards.character_texts`). */
export const MAX_TEXT_CHARS = 32_000;
export const MAX_GREETINGS = 51;
/** How many characters prompts use (`tertulia_shared.cards.prompt_fields`). */
export const USED_CHARS: Readonly<Record<CardField, number>> = {
  system_prompt: 4_000,
  personality: 4_000,
  scenario: 4_000,
  mes_example: 4_000,
  post_history_instructions: 1_000,
};
export const USED_GREETING_CHARS = 6_000;

/** How many texts there are. */
export function countOf(texts: CardTexts): number {
  return CARD_FIELDS.filter((field) => texts[field].trim()).length + visible(texts.greetings).length;
}

/**
 * The texts that differ from the saved ones: only these are sent.
 * @param before the saved texts; null if they are not known
 * @param after the texts that the user has entered
 */
export function changedTexts(before: CardTexts | null, after: Partial<CardTexts>): Partial<CardTexts> {
  const fields = CARD_FIELDS.filter((field) => after[field] !== undefined && after[field] !== before?.[field]);
  const greetings = after.greetings && visible(after.greetings);
  return {
    ...Object.fromEntries(fields.map((field) => [field, after[field]])),
    ...(greetings && !(before && isSame(greetings, before.greetings)) && { greetings }),
  };
}

export function withGreeting({ greetings }: CardTexts, at: number, greeting: string): Pick<CardTexts, "greetings"> {
  return { greetings: greetings.map((each, index) => (index === at ? greeting : each)) };
}

export function withoutGreeting({ greetings }: CardTexts, at: number): Pick<CardTexts, "greetings"> {
  return { greetings: greetings.filter((_, index) => index !== at) };
}

/** The place that a greeting of a form has in what is saved: empty ones are left out. */
export function savedPlace(texts: CardTexts, at: number): number {
  return visible(texts.greetings.slice(0, at)).length;
}

/** Unicode characters, as the gateway counts them. */
export function lengthOf(text: string): number {
  return Array.from(text.trim()).length;
}

function visible(greetings: readonly string[]): readonly string[] {
  return greetings.filter((each) => each.trim());
}

function isSame(some: readonly string[], others: readonly string[]): boolean {
  return some.length === others.length && some.every((each, index) => each === others[index]);
}
