/**
 * What the user has entered into the form of a character. It is kept as long as the page is open, until it is saved or
 * discarded: Esc or a click beside the panel must not lose it.
 */

import { useState } from "preact/hooks";

import type { Character, CharacterDraft } from "../rest/api";
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

const kept = new Map<string, CharacterDraft>();

export interface CharacterDraftState {
  readonly draft: CharacterDraft;
  /** True if the form was closed with this input before. */
  readonly isRestored: boolean;
  change(part: Partial<CharacterDraft>): void;
  /** Return to what is saved. */
  discard(): void;
  /** The input is saved, or its character is removed. */
  forget(): void;
}

/** @param imported the character of a card, with which a new form begins; it replaces what was entered before */
export function useCharacterDraft(
  character: Character | null,
  imported: CharacterDraft | null = null,
): CharacterDraftState {
  const key = character?.id ?? "";
  const [isRestored, setRestored] = useState(() => imported === null && kept.has(key));
  const [draft, setDraft] = useState(() => {
    if (imported) kept.set(key, imported);
    return kept.get(key) ?? draftOf(character);
  });
  return {
    draft,
    isRestored,
    change: (part) =>
      setDraft((before) => {
        const after = { ...before, ...part };
        kept.set(key, after);
        return after;
      }),
    discard: () => {
      kept.delete(key);
      setDraft(draftOf(character));
      setRestored(false);
    },
    forget: () => void kept.delete(key),
  };
}

export function draftOf(character: Character | null): CharacterDraft {
  if (!character) return NEW_CHARACTER;
  const { name, voice, system_prompt, image, active, model_settings, talkativeness, speed, pitch } = character;
  return { name, voice, system_prompt, image, active, model_settings, talkativeness, speed, pitch };
}
