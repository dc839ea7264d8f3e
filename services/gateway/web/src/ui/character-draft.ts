/** What the user has entered into the form of a character. */

import type { Character, CharacterDraft } from "../rest/api";
import { type FormDraft, useFormDraft } from "./form-draft";
import { NO_SETTINGS } from "./model-settings";

const NEW_CHARACTER: CharacterDraft = {
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
  imported: CharacterDraft | null = null,
): FormDraft<CharacterDraft> {
  return useFormDraft(`character:${character?.id ?? ""}`, draftOf(character), imported);
}

export function draftOf(character: Character | null): CharacterDraft {
  if (!character) return NEW_CHARACTER;
  const { name, voice, system_prompt, image, active, model_settings, talkativeness, speed, pitch } = character;
  return { name, voice, system_prompt, image, active, model_settings, talkativeness, speed, pitch };
}
