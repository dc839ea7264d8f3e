/** The list of voices, and the words for speed and pitch. */

import { describe, expect, test } from "vitest";

import type { Character, Voice } from "../src/rest/api";
import { pitchText, speedText } from "../src/ui/delivery-fields";
import { languageName, voiceForNewCharacter, voiceGroups } from "../src/ui/voices";

function voice(id: string, language: string, engine = "kokoro", available = true): Voice {
  return { id, name: id, language, description: "", engine, adjustable: [], available };
}

function languages(preferred: readonly string[]): readonly string[] {
  return voiceGroups(VOICES, preferred).map(({ language }) => language);
}

function character(voiceId: string, active = true): Character {
  return { voice: voiceId, active } as Character;
}

const VOICES = [
  voice("luna", "en-US"),
  voice("rex", "en-US"),
  voice("sage", "en-GB"),
  voice("lucia", "es-ES"),
  voice("greta", "de-DE"),
];

describe("the groups of voices", () => {
  test("have the language in words, and the engine", () => {
    const groups = voiceGroups(VOICES, []);
    expect(groups.map(({ language, engine }) => [language, engine])).toEqual([
      ["American English", "kokoro"],
      ["British English", "kokoro"],
      ["European Spanish", "kokoro"],
      ["German (Germany)", "kokoro"],
    ]);
    expect(groups[0]?.voices.map(({ id }) => id)).toEqual(["luna", "rex"]);
  });

  test("begin with the user's languages", () => {
    expect(languages(["de", "en-GB"]).slice(0, 3)).toEqual(["German (Germany)", "British English", "American English"]);
    expect(languages(["es-MX", "en-US"])[0]).toBe("European Spanish");
  });

  test("end with the engines that are not running", () => {
    const groups = voiceGroups([voice("anna", "de-DE", "espeak", false), ...VOICES], ["de"]);
    expect(groups.at(-1)).toMatchObject({ engine: "espeak", available: false });
  });

  test("have a voice of two engines once, under the engine that is running", () => {
    const groups = voiceGroups([voice("luna", "en-US", "espeak", false), ...VOICES], []);
    expect(groups.flatMap(({ voices }) => voices).filter(({ id }) => id === "luna")).toEqual([VOICES[0]]);
  });
});

test.each([
  ["pt-BR", "Brazilian Portuguese"],
  ["en-029", "Caribbean English"],
  ["und", "Any language"],
  ["", "Any language"],
  ["not a tag", "not a tag"],
])("the language %s is named %s", (tag, name) => {
  expect(languageName(tag)).toBe(name);
});

describe("a new character", () => {
  test("gets a voice that no active character has, in a language of theirs", () => {
    expect(voiceForNewCharacter(VOICES, [character("luna"), character("sage")])).toBe("rex");
    expect(voiceForNewCharacter(VOICES, [character("greta"), character("lucia")])).toBe("luna");
    expect(voiceForNewCharacter(VOICES, [])).toBe("luna");
  });

  test("may get the voice of an inactive character", () => {
    expect(voiceForNewCharacter(VOICES, [character("luna", false)])).toBe("luna");
  });

  test("gets no voice of an engine that is not running, unless none is running", () => {
    const stopped = voice("anna", "en-US", "espeak", false);
    expect(voiceForNewCharacter([stopped, ...VOICES], [character("luna")])).toBe("rex");
    expect(voiceForNewCharacter([stopped], [])).toBe("anna");
  });

  test("shares a voice if every voice is used", () => {
    expect(voiceForNewCharacter(VOICES, VOICES.map(({ id }) => character(id)))).toBe("luna");
    expect(voiceForNewCharacter([], [])).toBe("");
  });
});

test("speed and pitch are shown in words", () => {
  expect([1, 1.25, 0.5].map(speedText)).toEqual(["the voice's own", "125%", "50%"]);
  expect([0, 1, -2.5].map(pitchText)).toEqual(["the voice's own", "1 semitone higher", "2.5 semitones lower"]);
});
