/**
 * Stores the user's preferences and the token in the browser's storage. If the browser forbids storage, they are not
 * stored.
 */

import type { ChosenPersona } from "./persona";
import { isLanguage, type Language } from "../texts/languages";

export type TalkMode = "hands_free" | "push_to_talk";
export type Theme = "system" | "light" | "dark";

export interface Preferences {
  readonly volume: number;
  readonly muted: boolean;
  readonly mode: TalkMode;
  /** The ids of the chosen devices; `""` for the system's default. */
  readonly microphone: string;
  readonly loudspeaker: string;
  /** Whether the first typed letter interrupts the characters. The sent message always does. */
  readonly typingInterrupts: boolean;
  /** The language of the page; `""` for the browser's. */
  readonly language: Language | "";
  readonly theme: Theme;
  /** What the characters shall call the user, as given last; `""`: not given. */
  readonly userName: string;
  /** The ids of the characters that the user seated last, in order; null: none. */
  readonly cast: readonly string[] | null;
  /** The persona that the user chose last; null: none. */
  readonly persona: ChosenPersona | null;
  /** The user has given a name, or does not want to. */
  readonly userNameAsked: boolean;
}

const KEY = "tertulia.preferences";
const TOKEN_KEY = "tertulia.token";
const FIRST: Preferences = {
  volume: 0.9,
  muted: false,
  mode: "hands_free",
  microphone: "",
  loudspeaker: "",
  typingInterrupts: false,
  language: "",
  theme: "system",
  userName: "",
  cast: null,
  persona: null,
  userNameAsked: false,
};

export function readPreferences(stored: string | null): Preferences {
  try {
    const found = JSON.parse(stored ?? "{}") as Record<string, unknown>;
    const { volume, muted, mode, microphone, loudspeaker, typingInterrupts, language, theme } = found;
    const { userName, userNameAsked, cast, persona } = found;
    return {
      volume: typeof volume === "number" && volume >= 0 && volume <= 1 ? volume : FIRST.volume,
      muted: muted === true,
      mode: mode === "push_to_talk" ? "push_to_talk" : FIRST.mode,
      microphone: typeof microphone === "string" ? microphone : FIRST.microphone,
      loudspeaker: typeof loudspeaker === "string" ? loudspeaker : FIRST.loudspeaker,
      typingInterrupts: typingInterrupts === true,
      language: isLanguage(language) ? language : FIRST.language,
      theme: theme === "light" || theme === "dark" ? theme : FIRST.theme,
      userName: typeof userName === "string" ? userName : FIRST.userName,
      userNameAsked: userNameAsked === true,
      persona: readPersona(persona),
      cast: Array.isArray(cast) ? cast.filter((id) => typeof id === "string") : FIRST.cast,
    };
  } catch {
    return FIRST;
  }
}

function readPersona(stored: unknown): ChosenPersona | null {
  const { id, name } = (stored ?? {}) as Record<string, unknown>;
  return typeof id === "string" && typeof name === "string" && id !== "" ? { id, name } : null;
}

export function loadPreferences(): Preferences {
  return readPreferences(attempt(() => localStorage.getItem(KEY)));
}

export function savePreferences(preferences: Preferences): void {
  attempt(() => localStorage.setItem(KEY, JSON.stringify(preferences)));
}

/** Where the token is kept: until the tab is closed, or on the device until the user removes it. */
export type TokenPlace = "tab" | "device";

/** The token for the server. If it is in the URL, it is moved from there to a storage. */
export function takeToken(): string {
  const { token, place, rest } = tokenIn(new URL(location.href));
  if (token === null) {
    return attempt(() => sessionStorage.getItem(TOKEN_KEY)) ?? attempt(() => localStorage.getItem(TOKEN_KEY)) ?? "";
  }
  keepToken(token, place);
  history.replaceState(null, "", rest);
  return token;
}

/**
 * Splits a URL into the token, from `?token=` or `#token=`, and the URL without it. A fragment is not sent to the
 * server, so it does not end up in logs. The QR code of `make run LAN=1` uses it: who scans that code sets up a device
 * of their own, so the token is kept there.
 */
export function tokenIn(given: URL): { token: string | null; place: TokenPlace; rest: URL } {
  const rest = new URL(given);
  const inQuery = rest.searchParams.get("token");
  rest.searchParams.delete("token");
  const [, inFragment] = /^#token=([^&]*)$/.exec(rest.hash) ?? [];
  if (inFragment === undefined) return { token: inQuery, place: "tab", rest };
  rest.hash = "";
  return { token: decoded(inFragment), place: "device", rest };
}

function decoded(text: string): string {
  return attempt(() => decodeURIComponent(text)) ?? text;
}

export function keepToken(token: string, place: TokenPlace): void {
  forgetToken();
  attempt(() => (place === "tab" ? sessionStorage : localStorage).setItem(TOKEN_KEY, token));
}

export function forgetToken(): void {
  attempt(() => localStorage.removeItem(TOKEN_KEY));
  attempt(() => sessionStorage.removeItem(TOKEN_KEY));
}

export function isTokenOnDevice(): boolean {
  return attempt(() => localStorage.getItem(TOKEN_KEY)) !== null;
}

function attempt<T>(act: () => T): T | null {
  try {
    return act();
  } catch {
    return null;
  }
}
