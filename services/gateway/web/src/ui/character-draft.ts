/** What the user has entered into the form of a character. */

import { type CardTexts, changedTexts } from "../cards/card-texts";
import type { Character, CharacterDraft } from "../rest/api";
import { type FormDraft, useFormDraft } from "./form-draft";
import { NO_SETTINGS } from "./model-settings";

export interface CharacterFields extends Omit<CharacterDraft, "card_texts"> {
  /** All texts of its card, once the user has changed one. */
  readonly card_texts?: CardTexts;
}

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

/** @param imported the character of a card, with which a new form begins; it replaces what was entered before */
export function useCharacterDraft(
  character: Character | null,
  imported: CharacterFields | null = null,
): FormDraft<CharacterFields> {
  return useFormDraft(`character:${character?.id ?? ""}`, draftOf(character), imported);
}

export function draftOf(character: Character | null): CharacterFields {
  if (!character) return NEW_CHARACTER;
  const { name, voice, system_prompt, image, active, model_settings, talkativeness, speed, pitch } = character;
  return { name, voice, system_prompt, image, active, model_settings, talkativeness, speed, pitch };
}

/**
 * What the form sends.
 * @param texts the texts that are saved in the card; null if they are not known
 */
export function toSave({ card_texts, ...fields }: CharacterFields, texts: CardTexts | null): CharacterDraft {
  const changed = card_texts ? changedTexts(texts, card_texts) : {};
  const name = fields.name.trim();
  const model_settings = { ...fields.model_settings, model: fields.model_settings.model?.trim() || null };
  return { ...fields, name, model_settings, ...(Object.keys(changed).length > 0 && { card_texts: changed }) };
}
