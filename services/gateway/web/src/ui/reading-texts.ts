/** The languages of a recording, and a text to read aloud in some of them. Pure. */

const TEXTS: Readonly<Record<string, string>> = {
  en: "On a clear evening the lights of the harbour shine on the water, and somewhere a bell rings twice. Do you hear it? I like that sound very much. It tells me that the last boat has come home, and that supper is almost ready.",
  de: "An einem klaren Abend spiegeln sich die Lichter des Hafens im Wasser, und irgendwo läutet zweimal eine Glocke. Hörst du sie? Ich mag diesen Klang sehr. Er sagt mir, dass das letzte Boot zu Hause ist und das Essen bald fertig.",
  es: "En una tarde clara, las luces del puerto brillan sobre el agua, y en algún lugar suena dos veces una campana. ¿La oyes? Me gusta mucho ese sonido. Me dice que el último barco ha vuelto y que la cena está casi lista.",
  fr: "Par un soir clair, les lumières du port brillent sur l'eau, et quelque part une cloche sonne deux fois. Tu l'entends ? J'aime beaucoup ce son. Il me dit que le dernier bateau est rentré et que le dîner est presque prêt.",
  it: "In una sera limpida le luci del porto brillano sull'acqua, e da qualche parte una campana suona due volte. La senti? Mi piace molto quel suono. Mi dice che l'ultima barca è tornata e che la cena è quasi pronta.",
  pt: "Numa noite clara, as luzes do porto brilham na água, e em algum lugar um sino toca duas vezes. Você ouve? Gosto muito desse som. Ele me diz que o último barco voltou e que o jantar está quase pronto.",
};

/** The languages to choose from. "und": another one. */
export const LANGUAGES: readonly string[] = [
  "en-US", "en-GB", "de", "es", "fr", "it", "pt-BR", "hi", "ja", "ko", "nl", "pl", "ru", "tr", "zh", "und",
]; // prettier-ignore

/** The text to read aloud in a language; "" if there is none. */
export function readingText(language: string): string {
  return TEXTS[language.split("-")[0] ?? ""] ?? "";
}

/** The language to begin with: the first of the user's languages that can be chosen. */
export function firstLanguage(preferred: readonly string[]): string {
  for (const tag of preferred) {
    const base = tag.split("-")[0];
    const found = LANGUAGES.find((each) => each === tag) ?? LANGUAGES.find((each) => each.split("-")[0] === base);
    if (found) return found;
  }
  return "en-US";
}
