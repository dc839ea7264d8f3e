/**
 * Chooses a hue for each character. The hues are as far apart as possible, and the same characters always get the same
 * hues.
 */

/** Hues that can be told apart, in OKLCH degrees. Lightness and chroma come from the theme. */
export const HUES: readonly number[] = [292, 62, 158, 18, 238, 342, 118, 198];

export function huesOf(ids: readonly string[]): ReadonlyMap<string, number> {
  const hues = new Map<string, number>();
  let taken: number[] = [];
  for (const id of ids.toSorted()) {
    const hue = farthest(hash(id) % HUES.length, taken);
    taken = taken.length + 1 === HUES.length ? [] : [...taken, hue];
    hues.set(id, hue);
  }
  return hues;
}

/**
 * The hue that is farthest from the hues in `taken`. If several are equally far, the first of them, counted from `slot`
 * on.
 */
function farthest(slot: number, taken: readonly number[]): number {
  const inTurn = HUES.map((_, index) => HUES[(slot + index) % HUES.length] ?? 0);
  const room = (hue: number) => Math.min(360, ...taken.map((other) => distance(hue, other)));
  return inTurn.reduce((best, hue) => (room(hue) > room(best) ? hue : best));
}

function distance(a: number, b: number): number {
  const apart = Math.abs(a - b);
  return Math.min(apart, 360 - apart);
}

/** The hue of a character that is no longer in the list. */
export function hueOfAbsent(id: string): number {
  return HUES[hash(id) % HUES.length] ?? 0;
}

function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1)
    value = Math.imul(value ^ text.charCodeAt(index), 0x01000193) >>> 0;
  return value;
}
