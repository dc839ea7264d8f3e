import type { JSX } from "preact";

import type { Theme } from "../talk/preferences";
import type { Talk } from "../talk/talk";
import { texts } from "../texts";

const THEMES: readonly Theme[] = ["system", "light", "dark"];

export function ThemeField({ talk }: { talk: Talk }): JSX.Element {
  const { theme } = talk.preferences.value;
  return (
    <fieldset class="themes">
      <legend>{texts.settings.theme}</legend>
      {THEMES.map((value) => (
        <label key={value} class="check">
          <input type="radio" name="theme" checked={theme === value} onChange={() => talk.prefer({ theme: value })} />
          <span>{texts.settings.themes[value]}</span>
        </label>
      ))}
    </fieldset>
  );
}
