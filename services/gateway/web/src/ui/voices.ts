/** The list of voices: which group each voice is in, and which voice a new character gets. Pure. */

import type { Character, Voice } from "../rest/api";
import { locale, texts } from "../texts";

/** The voices of one engine in one language. */
export interface VoiceGroup {
  readonly key: string;
  /** The language in words. */
  readonly language: string;
  readonly engine: string;
  readonly available: boolean;
  readonly voices: readonly Voice[];
}

/** The language of a voice that speaks any language. */
const UNDETERMINED = "und";
/** Some browsers do not know its name. */
const CARIBBEAN_ENGLISH = "en-029";

/**
 * Group the voices by language and engine. First the groups that can be heard, and among these the ones in the user's
 * languages.
 *
 * @param preferred the user's languages, the preferred one first, as in `navigator.languages`
 */
export function voiceGroups(voices: readonly Voice[], preferred: readonly string[]): readonly VoiceGroup[] {
  const groups = new Map<string, Voice[]>();
  for (const voice of withoutShadowed(voices)) {
    const key = `${voice.language} ${voice.engine}`;
    const group = groups.get(key);
    if (group) group.push(voice);
    else groups.set(key, [voice]);
  }
  return [...groups]
    .map(([key, [first, ...others]]) => groupOf(key, first as Voice, others))
    .toSorted(
      (one, two) =>
        Number(two.available) - Number(one.available) ||
        rank(one, preferred) - rank(two, preferred) ||
        one.language.localeCompare(two.language) ||
        one.engine.localeCompare(two.engine),
    );
}

/** The name of a BCP 47 language tag in the page's language; the tag itself if it has no name. */
export function languageName(tag: string): string {
  if (tag === "" || tag === UNDETERMINED) return texts.voices.anyLanguage;
  if (tag === CARIBBEAN_ENGLISH) return texts.voices.caribbeanEnglish;
  try {
    return new Intl.DisplayNames([locale()], { type: "language" }).of(tag) ?? tag;
  } catch {
    return tag; // not a valid tag
  }
}

/**
 * The voice of a new character: one that no active character has, if possible in a language in which the active
 * characters speak. `""` if there are no voices.
 */
export function voiceForNewCharacter(voices: readonly Voice[], characters: readonly Character[]): string {
  const present = voices.some((voice) => voice.available) ? voices.filter((voice) => voice.available) : voices;
  const used = new Set(characters.filter((character) => character.active).map((character) => character.voice));
  const spoken = new Set(present.filter((voice) => used.has(voice.id)).map((voice) => base(voice.language)));
  const free = present.filter((voice) => !used.has(voice.id));
  const fitting = free.find((voice) => spoken.has(base(voice.language))) ?? free[0] ?? present[0];
  return fitting?.id ?? "";
}

/** Two engines may have a voice with the same id. A character would get the voice of the engine that runs. */
function withoutShadowed(voices: readonly Voice[]): readonly Voice[] {
  const running = new Set(voices.filter((voice) => voice.available).map((voice) => voice.id));
  const seen = new Set<string>();
  return voices.filter((voice) => {
    if (seen.has(voice.id) || (!voice.available && running.has(voice.id))) return false;
    seen.add(voice.id);
    return true;
  });
}

function groupOf(key: string, first: Voice, others: readonly Voice[]): VoiceGroup {
  const { language, engine, available } = first;
  return { key, language: languageName(language), engine, available, voices: [first, ...others] };
}

function rank(group: VoiceGroup, preferred: readonly string[]): number {
  const tag = group.voices[0]?.language ?? "";
  const exact = preferred.indexOf(tag);
  const close = preferred.findIndex((each) => base(each) === base(tag));
  if (close === -1) return 2 * preferred.length;
  return 2 * close + (exact === -1 ? 1 : 0);
}

function base(tag: string): string {
  return tag.split("-")[0] ?? tag;
}
