import { readFileSync } from "node:fs";

import { afterEach, describe, expect, it, vi } from "vitest";

import { formatNumber, locale, serverText, showLanguage, texts } from "../src/texts";
import { de } from "../src/texts/de";
import { en } from "../src/texts/en";
import { es } from "../src/texts/es";
import { languageFor, localeFor } from "../src/texts/languages";
import { plurals } from "../src/texts/plural";

describe("the language of the page", () => {
  it.each([
    [["de-AT", "en"], "de"],
    [["fr", "es-MX", "de"], "es"],
    [["ES"], "es"],
    [["fr", "it"], "en"],
    [["en-GB", "de"], "en"],
    [["desert"], "en"],
    [[], "en"],
  ])("is the first of the browser's languages %j that the page has: %s", (preferred, language) => {
    expect(languageFor("", preferred)).toBe(language);
  });

  it("is the user's choice, whatever the browser prefers", () => {
    expect(languageFor("es", ["de-DE"])).toBe("es");
  });

  it("has the numbers and dates of the browser's country, if the browser has this language", () => {
    expect(localeFor("de", ["en-US", "de-CH"])).toBe("de-CH");
    expect(localeFor("es", ["de-CH"])).toBe("es");
  });
});

describe("plurals", () => {
  const forms = { one: "one", other: "other" };

  it.each(["en", "de", "es"])("has one form for 1, and another for all other numbers, in %s", (language) => {
    expect([0, 1, 2, 1_000_000].map((count) => plurals(language)(count, forms))).toEqual([
      "other",
      "one",
      "other",
      "other",
    ]);
  });

  it("is used in sentences", () => {
    expect([1, 2].map(en.connect.running)).toEqual(["running, 1 model", "running, 2 models"]);
    expect([1, 2].map(de.connect.running)).toEqual(["läuft, 1 Modell", "läuft, 2 Modelle"]);
    expect([1, 2].map(es.connect.running)).toEqual(["en marcha, 1 modelo", "en marcha, 2 modelos"]);
  });
});

const REPOSITORY = new URL("../../../../", import.meta.url);
const PAUSES = "services/gateway/src/tertulia_gateway/monitoring/writes_probe.py";

type Leaf = string | ((...parameters: never[]) => string);

/** Every text of a language by its path. */
function leaves(object: object, path = ""): [string, Leaf][] {
  return Object.entries(object).flatMap(([name, value]) =>
    typeof value === "object" ? leaves(value as object, `${path}${name}.`) : [[path + name, value as Leaf]],
  );
}

const NUMBERS = ["21", "32", "43"] as const;

function shown(leaf: Leaf): string {
  return typeof leaf === "string" ? leaf : leaf(...(NUMBERS as unknown as never[]));
}

/** Texts that are the same in both languages, such as names. */
const EQUAL = new Set([
  "Demo", "demo", "Token", "Esc", "Name", "Status", "Volumen", "Text", "redis", "Version", "Top p", "Min p", "Top k",
  "21 ms", "Label", "warm", "robot", "Markdown", "JSON",
]); // prettier-ignore

describe.each([
  ["de", de],
  ["es", es],
] as const)("the texts in %s", (_, other) => {
  const translated = new Map(leaves(other));

  it("are translated", () => {
    const equal = leaves(en)
      .filter(([path, text]) => shown(text) === shown(translated.get(path) as Leaf) && !EQUAL.has(shown(text)))
      .map(([path]) => path);
    expect(equal).toEqual([]);
  });

  it("quote the server's English, and have no English in their own sentences", () => {
    const sent = "alpha: beta gamma";
    const unquoted = leaves({ server: other.server, problem: other.problem })
      .map(([path, text]) => [path, (text as (sent: string, params: object) => string)(sent, {})] as const)
      .concat([
        ["clips.notMade", other.clips.notMade(sent)],
        ["problems.writesPaused", other.problems.writesPaused(sent)],
      ])
      .filter(([, said]) => said.replace(/„[^“]*“$|«[^»]*»$/u, "").includes("beta"))
      .map(([path]) => path);
    expect(unquoted).toEqual([]);
  });

  it("name each cause of paused writes that the server knows", () => {
    const source = readFileSync(new URL(PAUSES, REPOSITORY), "utf8");
    const causes = [...source.matchAll(/^ {4}"[A-Z]+": "(.+)",$/gmu)].map((found) => found[1] ?? "");
    const usual = /return "(.+)" if found is None/u.exec(source)?.[1] ?? "";
    expect(causes).toHaveLength(6);
    for (const cause of [...causes, usual]) {
      const said = other.problems.writesPaused(cause.charAt(0).toUpperCase() + cause.slice(1));
      expect(said).not.toContain(cause.slice(1));
      expect(said).toContain("(");
    }
  });

  it("say the same numbers and names", () => {
    const different = leaves(en)
      // The server's English is shown only where its details matter.
      .filter(([path]) => !path.startsWith("server.") && !path.startsWith("problem."))
      .filter(([path, text]) => {
        const said = shown(translated.get(path) as Leaf);
        return NUMBERS.some((number) => shown(text).includes(number) !== said.includes(number));
      })
      .map(([path]) => path);
    expect(different).toEqual([]);
  });
});

describe("the texts in use", () => {
  afterEach(async () => {
    await showLanguage("en");
    vi.unstubAllGlobals();
  });

  it("are in the language that was chosen last", async () => {
    vi.stubGlobal("document", { documentElement: { lang: "en" } });
    await Promise.all([showLanguage("es"), showLanguage("de")]);
    expect(texts.composer.send).toBe("Senden");
    expect(document.documentElement.lang).toBe("de");
  });

  it("have numbers in this language", async () => {
    vi.stubGlobal("document", { documentElement: {} });
    vi.stubGlobal("navigator", { languages: ["de-DE"] });
    await showLanguage("de");
    expect([locale(), formatNumber(1234.5)]).toEqual(["de-DE", "1.234,5"]);
  });

  it("include the server's errors, if the page knows their codes", async () => {
    vi.stubGlobal("document", { documentElement: {} });
    const sent = "This turn cannot be answered: it is too long.";
    expect(serverText("turn_failed", sent)).toBe(sent);
    await showLanguage("de");
    expect(serverText("turn_failed", sent)).toContain("it is too long");
    expect(serverText("turn_failed", sent)).not.toContain("This turn");
    expect(serverText("turn_failed", "This message was lost: say it again.")).toContain("ging verloren");
    expect(serverText("bad_field", "user_message: `text` holds control characters; only …")).toContain("Steuerzeichen");
    expect(serverText("of_a_newer_server", sent)).toBe(sent);
    expect(serverText("constructor", sent)).toBe(sent);
  });
});
