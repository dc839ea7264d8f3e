/**
 * Chooses a hue for each character: the one of its picture, else the one that it had, else one by its id. It changes only
 * if another character has about the same.
 */

/** Hues that can be told apart in both themes, in OKLCH degrees. Lightness and chroma come from the theme. */
export const HUES: readonly number[] = [1, 31, 61, 91, 121, 151, 181, 211, 241, 271, 301, 331];
/** Hues that are closer than this look the same. */
export const TOO_CLOSE = 18;

export interface Coloured {
  readonly id: string;
  /** True if the character is at the table. Characters at the table choose before the others. */
  readonly active: boolean;
  /** The hue of the picture; null if there is none, or if it is grey. */
  readonly pictureHue: number | null;
}

/** @param former the hues that characters had; also of characters that are not in the list */
export function huesOf(
  characters: readonly Coloured[],
  former: ReadonlyMap<string, number> = new Map(),
): ReadonlyMap<string, number> {
  const rank = ({ id, active, pictureHue }: Coloured) =>
    (active ? 0 : 3) + (pictureHue !== null ? 0 : former.has(id) ? 1 : 2);
  const sorted = characters.toSorted((one, other) => rank(one) - rank(other) || (one.id < other.id ? -1 : 1));
  // A character that was at the table before keeps its hue if a new one would have the same by its id.
  const reserved = new Map(
    sorted.filter(({ active, pictureHue }) => active && pictureHue === null).flatMap(({ id }) => pair(id, former.get(id))),
  );
  const hues = new Map<string, number>();
  for (const { id, pictureHue } of sorted) {
    reserved.delete(id);
    const others = pictureHue === null ? [...hues.values(), ...reserved.values()] : [...hues.values()];
    hues.set(id, free(pictureHue ?? former.get(id) ?? hueOfId(id), others));
  }
  return hues;
}

/** The wanted hue, or the free one that is nearest to it. If none is free, the one that differs most from the others. */
function free(wanted: number, others: readonly number[]): number {
  if (isFree(wanted, others)) return wanted;
  const [nearest] = HUES.filter((hue) => isFree(hue, others)).toSorted(
    (a, b) => distance(a, wanted) - distance(b, wanted),
  );
  if (nearest !== undefined) return nearest;
  const middle = middleOfWidestGap(others);
  return nearestDistance(middle, others) > nearestDistance(wanted, others) ? middle : wanted;
}

function isFree(hue: number, others: readonly number[]): boolean {
  return nearestDistance(hue, others) >= TOO_CLOSE;
}

function nearestDistance(hue: number, others: readonly number[]): number {
  return Math.min(...others.map((other) => distance(hue, other)));
}

function middleOfWidestGap(hues: readonly number[]): number {
  const sorted = hues.toSorted((a, b) => a - b);
  const gaps = sorted.map((hue, at) => ({ hue, size: (sorted[at + 1] ?? (sorted[0] ?? 0) + 360) - hue }));
  const widest = gaps.reduce((best, gap) => (gap.size > best.size ? gap : best), { hue: 0, size: 0 });
  return (widest.hue + widest.size / 2) % 360;
}

function distance(a: number, b: number): number {
  const apart = Math.abs(a - b);
  return Math.min(apart, 360 - apart);
}

function pair(id: string, hue: number | undefined): [string, number][] {
  return hue === undefined ? [] : [[id, hue]];
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
