/** Finds rows by words. Pure. */

/** True if each word of `search` is in one of the texts, in upper or lower case, with or without accents. */
export function isMatching(search: string, ...texts: readonly string[]): boolean {
  const text = folded(texts.join("\n"));
  return folded(search)
    .split(/\s+/u)
    .every((word) => text.includes(word));
}

function folded(text: string): string {
  return text.normalize("NFKD").replaceAll(/\p{M}/gu, "").toLowerCase();
}
