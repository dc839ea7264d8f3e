/** Redis stream ids (`milliseconds-sequence`), compared as two numbers. */

/** Negative, zero or positive if `a` is before, equal to or after `b`. The empty id is before every other. */
export function compareIds(a: string, b: string): number {
  const [aMajor, aMinor] = split(a);
  const [bMajor, bMinor] = split(b);
  return aMajor - bMajor || aMinor - bMinor;
}

function split(id: string): [number, number] {
  const dash = id.indexOf("-");
  if (id === "" || dash < 0) return [id === "" ? -1 : Number(id), 0];
  return [Number(id.slice(0, dash)), Number(id.slice(dash + 1))];
}
