/** What the user has entered into the form of a character. */

import { type CardTexts, changedTexts } from "../cards/card-texts";
import type { CardDraft, Character, CharacterDraft } from "../rest/api";
import { type FormDraft, useFormDraft } from "./form-draft";
import { NO_SETTINGS } from "./model-settings";

export type CharacterFields = CharacterDraft;

const NEW_CHARACTER: CharacterFields = {
  name: "",
  voice: "",
  system_prompt: "",
  image: "",
  active: true,
  model_settings: NO_SETTINGS,
  talkativeness: 50,
  speed: 1,
  pitch: 0,
};

/** @param card a card, with which a new form begins; it replaces what was entered before */
export function useCharacterDraft(character: Character | null, card: CardDraft | null = null): FormDraft<CharacterFields> {
  // The texts of the card are kept with the rest of it: the form may be closed and opened again.
  const imported = card && { ...card.character, ...(card.card_texts && { card_texts: card.card_texts }) };
  return useFormDraft(`character:${character?.id ?? ""}`, draftOf(character), imported);
}

export function draftOf(character: Character | null): CharacterFields {
  if (!character) return NEW_CHARACTER;
  const { name, voice, system_prompt, image, active, model_settings, talkativeness, speed, pitch } = character;
  return { name, voice, system_prompt, image, active, model_settings, talkativeness, speed, pitch };
}

/**
 * What the form sends of a new character.
 * @param texts the texts that are saved in the card; null if they are not known
 */
export function toSave({ card_texts, ...fields }: CharacterFields, texts: CardTexts | null): CharacterDraft {
  const changed = card_texts ? changedTexts(texts, card_texts) : {};
  const name = fields.name.trim();
  const model_settings = { ...fields.model_settings, model: fields.model_settings.model?.trim() || null };
  return { ...fields, name, model_settings, ...(Object.keys(changed).length > 0 && { card_texts: changed }) };
}

/** What the form sends of a character that exists: only what was changed, because another page may change the rest. */
export function changesTo(character: Character, after: CharacterDraft): Partial<CharacterDraft> {
  const before: Readonly<Record<string, unknown>> = { ...draftOf(character) };
  const isChanged = ([name, value]: [string, unknown]) => JSON.stringify(value) !== JSON.stringify(before[name]);
  return Object.fromEntries(Object.entries(after).filter(isChanged));
}
