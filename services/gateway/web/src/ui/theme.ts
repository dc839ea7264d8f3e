/** Applies the chosen theme: to the page's colours, and to those of the browser's own bars. */

import type { Theme } from "../talk/preferences";

/** The same as `--ground` in `base.css`. */
const GROUND = { light: "#f4ece0", dark: "#181210" } as const;

export function applyTheme(theme: Theme, page: Document = document): void {
  if (theme === "system") delete page.documentElement.dataset["theme"];
  else page.documentElement.dataset["theme"] = theme;
  for (const meta of page.querySelectorAll<HTMLMetaElement>('meta[name="theme-color"]')) {
    meta.content = GROUND[theme === "system" ? (meta.media.includes("dark") ? "dark" : "light") : theme];
  }
}
