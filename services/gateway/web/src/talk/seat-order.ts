/** The order in which the characters sit. Pure. */

/** The list with one item moved to another place. */
export function moved<T>(list: readonly T[], from: number, to: number): readonly T[] {
  const others = list.toSpliced(from, 1);
  return others.toSpliced(to, 0, ...list.slice(from, from + 1));
}

/** All ids, with those at the table in this order. Characters that are switched off keep their places. */
export function withSeated(all: readonly string[], seated: readonly string[]): readonly string[] {
  const rest = [...seated];
  return all.map((id) => (seated.includes(id) ? (rest.shift() ?? id) : id));
}

export function inOrder<T extends { readonly id: string }>(list: readonly T[], ids: readonly string[]): readonly T[] {
  const place = (id: string) => (ids.includes(id) ? ids.indexOf(id) : ids.length);
  return list.toSorted((one, other) => place(one.id) - place(other.id));
}

interface Point {
  readonly x: number;
  readonly y: number;
}

/** The index of the seat that is nearest to a point. */
export function nearest(seats: readonly Point[], point: Point): number {
  const away = seats.map(({ x, y }) => Math.hypot(x - point.x, y - point.y));
  return Math.max(0, away.indexOf(Math.min(...away)));
}
