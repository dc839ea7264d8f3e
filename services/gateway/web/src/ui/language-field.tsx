/** The choice of the page's language. */

import type { JSX } from "preact";

import type { Talk } from "../talk/talk";
import { texts } from "../texts";
import { isLanguage, LANGUAGES } from "../texts/languages";

export function LanguageField({ talk }: { talk: Talk }): JSX.Element {
  return (
    <div class="field">
      <label for="page-language">{texts.settings.language}</label>
      <select
        id="page-language"
        value={talk.preferences.value.language}
        onChange={(event) => {
          const { value } = event.currentTarget;
          talk.prefer({ language: isLanguage(value) ? value : "" });
        }}
      >
        <option value="">{texts.settings.ofBrowser}</option>
        {LANGUAGES.map(({ tag, name }) => (
          <option key={tag} value={tag} lang={tag}>
            {name}
          </option>
        ))}
      </select>
    </div>
  );
}
