import type { JSX } from "preact";

import type { Theme } from "../talk/preferences";
import type { Talk } from "../talk/talk";

const NAMES: readonly (readonly [Theme, string])[] = [
  ["system", "As the system"],
  ["light", "Light"],
  ["dark", "Dark"],
];

export function ThemeField({ talk }: { talk: Talk }): JSX.Element {
  const { theme } = talk.preferences.value;
  return (
    <fieldset class="themes">
      <legend>Theme</legend>
      {NAMES.map(([value, name]) => (
        <label key={value} class="check">
          <input type="radio" name="theme" checked={theme === value} onChange={() => talk.prefer({ theme: value })} />
          <span>{name}</span>
        </label>
      ))}
    </fieldset>
  );
}
