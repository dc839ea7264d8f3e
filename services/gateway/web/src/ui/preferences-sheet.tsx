/** The panel of the page's own settings: its language. */

import type { JSX } from "preact";

import type { Talk } from "../talk/talk";
import { texts } from "../texts";
import { isLanguage, LANGUAGES } from "../texts/languages";
import { Sheet } from "./sheet";

export function PreferencesSheet({ talk, onClose }: { talk: Talk; onClose: () => void }): JSX.Element {
  const { language } = talk.preferences.value;
  return (
    <Sheet title={texts.settings.title} onClose={onClose}>
      <form class="form" onSubmit={(event) => event.preventDefault()}>
        <div class="field">
          <label for="page-language">{texts.settings.language}</label>
          <select
            id="page-language"
            value={language}
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
      </form>
    </Sheet>
  );
}
