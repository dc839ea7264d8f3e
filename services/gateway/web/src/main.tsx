import "./styles/base.css";
import "./styles/scene.css";
import "./styles/transcript.css";
import "./styles/versions.css";
import "./styles/talk.css";
import "./styles/sheet.css";
import "./styles/popover.css";
import "./styles/connect.css";
import "./styles/low.css";

import { effect } from "@preact/signals";
import { render } from "preact";

import { loadPreferences, takeToken } from "./talk/preferences";
import { Probe } from "./talk/probe";
import { Talk } from "./talk/talk";
import { showLanguage } from "./texts";
import { languageFor } from "./texts/languages";
import { App } from "./ui/app";
import { applyTheme } from "./ui/theme";

declare global {
  interface Window {
    /** Only defined if the URL contains `?probe=1`. */
    tertulia?: Pick<Probe, "played" | "flushes" | "ducks" | "levels"> & { state(): unknown };
  }
}

const probe = new URLSearchParams(location.search).get("probe") === "1" ? new Probe() : null;
const talk = new Talk(takeToken(), probe);
if (probe) {
  window.tertulia = Object.freeze({
    played: () => probe.played(),
    flushes: () => probe.flushes(),
    ducks: () => probe.ducks(),
    levels: () => probe.levels(),
    state: () => structuredClone(talk.state.value),
  });
}

// The page is first shown in its language, not in English.
await showLanguage(languageFor(loadPreferences().language, navigator.languages));
effect(() => applyTheme(talk.preferences.value.theme));

const root = document.getElementById("app");
if (root) render(<App talk={talk} />, root);

void talk.start();
// Browsers allow sound only after a click or key press on the page.
for (const kind of ["pointerdown", "keydown"]) addEventListener(kind, () => void talk.unlockSound(), { passive: true });
