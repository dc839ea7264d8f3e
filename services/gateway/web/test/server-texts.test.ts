/** The server's problems and the voices in the page's language. */

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { readProblem } from "../src/rest/problem";
import { showLanguage, voiceDescription } from "../src/texts";

const TAKEN = {
  detail: "There is already a character named 'Luna': choose another name, or edit that character.",
  code: "name_taken",
  params: { name: "Luna" },
};
const TOO_LONG = {
  detail: "title: must have at most 200 characters",
  code: "invalid",
  errors: [{ field: "title", message: "must have at most 200 characters", code: "too_long", params: { most: 200 } }],
};

beforeEach(() => {
  vi.stubGlobal("document", { documentElement: {} });
});

afterEach(async () => {
  await showLanguage("en");
  vi.unstubAllGlobals();
});

describe("problems of the REST API", () => {
  it("are the server's own words in English, but the problem of a field is a sentence", () => {
    expect(readProblem(409, TAKEN).message).toBe(TAKEN.detail);
    expect(readProblem(422, TOO_LONG).about("title")).toBe("At most 200 characters are allowed.");
    expect(readProblem(422, TOO_LONG).message).toBe("The server did not accept this. At most 200 characters are allowed.");
    const empty = { field: "name", message: "must not be empty", code: "empty", params: {} };
    expect(readProblem(422, { errors: [empty] }).about("name")).toBe("This must not be empty.");
  });

  it("say whether a character or a persona has the name", async () => {
    const ofPersona = { ...TAKEN, params: { name: "Ada", kind: "persona" } };
    await showLanguage("de");
    expect(readProblem(409, TAKEN).message).toContain("Eine Figur heißt schon Luna.");
    expect(readProblem(409, ofPersona).message).toContain("Eine Rolle heißt schon Ada.");
    await showLanguage("es");
    expect(readProblem(409, TAKEN).message).toContain("un personaje que se llama Luna.");
    expect(readProblem(409, ofPersona).message).toContain("un papel que se llama Ada.");
  });

  it.each([
    ["invalid_value", "must be a valid integer", "This must be a valid integer."],
    ["out_of_range", "must be less than or equal to 2", "This must be less than or equal to 2."],
    ["invalid_value", "Value error, `top_k` must be a number.", "`top_k` must be a number."],
    ["invalid_value", "7 ids; at most 5 are allowed", "The server does not accept this: 7 ids; at most 5 are allowed."],
    ["invalid_value", "", "The server does not accept this."],
    ["invalid_key", "Value error, is an address: put the key there", "This is an address: put the key there."],
    ["unknown_field", "Extra inputs are not permitted", "The server does not know this field."],
    ["invisible_character", "contains U+202E RIGHT-TO-LEFT OVERRIDE; remove it", "This contains an invisible character (U+202E). Remove it."],
    ["angle_brackets", "must not contain < or >, which mark a speaker", "Leave out < and >."],
  ])("of a field with the code %s and the words %j are the sentence %j in English", (code, message, sentence) => {
    expect(readProblem(422, { errors: [{ field: "x", code, message }] }).about("x")).toBe(sentence);
  });

  it("have a text with the same names and numbers in the other languages", async () => {
    await showLanguage("de");
    expect(readProblem(409, TAKEN).message).toContain("heißt schon Luna");
    expect(readProblem(422, TOO_LONG).about("title")).toBe("Höchstens 200 Zeichen sind erlaubt.");
    expect(readProblem(422, TOO_LONG).message).toContain("Höchstens 200 Zeichen sind erlaubt.");
    await showLanguage("es");
    expect(readProblem(409, TAKEN).message).toContain("que se llama Luna");
  });

  it("of a model server have the texts of the same errors in a conversation", async () => {
    await showLanguage("de");
    const refused = { detail: "The key is wrong.", code: "llm_auth", errors: [] };
    expect(readProblem(422, refused).message).toContain("hat den Schlüssel abgelehnt");
  });

  it.each(["of_a_newer_server", "constructor", 7, undefined])("with the code %j are in the server's words", async (code) => {
    await showLanguage("de");
    expect(readProblem(422, { detail: "Something else.", code }).message).toBe("Something else.");
  });

  it("name the code point of an invisible character", async () => {
    await showLanguage("es");
    const error = { field: "name", code: "invisible_character", message: "contains U+202E RIGHT-TO-LEFT OVERRIDE, …" };
    expect(readProblem(422, { errors: [error] }).about("name")).toBe("Contiene un carácter invisible (U+202E). Quítalo.");
  });
});

describe("the description of a voice", () => {
  const sage = { description: "older Englishman, slow and even", traits: ["older_english_man", "slow", "even"] };

  it("is composed of its traits", async () => {
    expect(voiceDescription(sage)).toBe("older Englishman, slow, even");
    await showLanguage("de");
    expect(voiceDescription(sage)).toBe("älterer Engländer, langsam, gleichmäßig");
    expect(voiceDescription({ ...sage, traits: ["british_man"], origin: "Kokoro: george" })).toBe("Brite (Kokoro: george)");
  });

  it.each([[], ["slow", "of_a_newer_server"], undefined])("is the server's if the traits are %j", async (traits) => {
    await showLanguage("de");
    expect(voiceDescription({ description: sage.description, ...(traits && { traits }) })).toBe(sage.description);
  });
});
