/** One hue a character, always the same one, and no two alike while there are hues left. */

/** Degrees in OKLCH, far enough apart to be told apart; lightness and chroma come from the theme. */
export const HUES: readonly number[] = [292, 62, 158, 18, 238, 342, 118, 198];

export function huesOf(ids: readonly string[]): ReadonlyMap<string, number> {
  const hues = new Map<string, number>();
  const taken = new Set<number>();
  for (const id of ids.toSorted()) {
    let slot = hash(id) % HUES.length;
    for (let tries = 0; taken.has(slot) && tries < HUES.length; tries += 1) slot = (slot + 1) % HUES.length;
    taken.add(slot);
    if (taken.size === HUES.length) taken.clear();
    hues.set(id, HUES[slot] ?? 0);
  }
  return hues;
}

/** Someone who has left the table. */
export function hueOfAbsent(id: string): number {
  return HUES[hash(id) % HUES.length] ?? 0;
}

function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) value = Math.imul(value ^ text.charCodeAt(index), 0x01000193) >>> 0;
  return value;
}
