/**
 * Keeps the characters' hues in the browser's storage, so that a character keeps its colour if others come, and its
 * messages keep it if the character is removed. If the browser forbids storage, nothing is kept.
 */

const KEY = "tertulia.hues";
/** Maximum number of characters whose hue is kept. */
const MOST = 200;

export type Hues = ReadonlyMap<string, number>;

/** The kept hues with those of the characters that are present now. The oldest are left out if there are too many. */
export function keptHues(former: Hues, present: Hues): Hues {
  const others = [...former].filter(([id]) => !present.has(id));
  return new Map([...others, ...present].slice(-MOST));
}

/** Read kept hues. Entries that are no hues are left out. */
export function readHues(stored: string | null): Hues {
  try {
    const found = JSON.parse(stored ?? "{}") as Record<string, unknown> | null;
    return new Map(Object.entries(found ?? {}).filter((entry): entry is [string, number] => isHue(entry[1])));
  } catch {
    return new Map();
  }
}

export function loadHues(): Hues {
  try {
    return readHues(localStorage.getItem(KEY));
  } catch {
    return new Map();
  }
}

export function saveHues(hues: Hues): void {
  const text = JSON.stringify(Object.fromEntries(hues));
  try {
    if (localStorage.getItem(KEY) !== text) localStorage.setItem(KEY, text);
  } catch {
    // The colours are then chosen again when the page is loaded.
  }
}

const isHue = (value: unknown): boolean => typeof value === "number" && value >= 0 && value < 360;
