/**
 * Chooses a hue for each character: the one of its picture, or one by its id. It changes only if another character at
 * the table has about the same.
 */

/** Hues that can be told apart, in OKLCH degrees. Lightness and chroma come from the theme. */
export const HUES: readonly number[] = [292, 62, 158, 18, 238, 342, 118, 198];
/** Hues that are closer than this look the same. */
const TOO_CLOSE = 18;

export interface Coloured {
  readonly id: string;
  /** The hue of the picture; null if there is none, or if it is grey. */
  readonly pictureHue: number | null;
}

export function huesOf(characters: readonly Coloured[]): ReadonlyMap<string, number> {
  const sorted = characters.toSorted((one, other) => (one.id < other.id ? -1 : 1));
  const hues = new Map<string, number>();
  for (const { id, pictureHue } of sorted) if (pictureHue !== null) hues.set(id, free(pictureHue, hues));
  for (const { id, pictureHue } of sorted) if (pictureHue === null) hues.set(id, free(hueOfId(id), hues));
  return hues;
}

/** The wanted hue, or the free one that is nearest to it. */
function free(wanted: number, taken: ReadonlyMap<string, number>): number {
  const others = [...taken.values()];
  const isFree = (hue: number) => others.every((other) => distance(hue, other) >= TOO_CLOSE);
  if (isFree(wanted)) return wanted;
  const [nearest] = HUES.filter(isFree).toSorted((a, b) => distance(a, wanted) - distance(b, wanted));
  return nearest ?? wanted;
}

function distance(a: number, b: number): number {
  const apart = Math.abs(a - b);
  return Math.min(apart, 360 - apart);
}

/** The hue by the id alone, also of a character that is no longer in the list. */
export function hueOfId(id: string): number {
  return HUES[hash(id) % HUES.length] ?? 0;
}

function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1)
    value = Math.imul(value ^ text.charCodeAt(index), 0x01000193) >>> 0;
  return value;
}
