/** The order in which the characters sit. Pure. */

/** The list with one item moved to another place. */
export function moved<T>(list: readonly T[], from: number, to: number): readonly T[] {
  const others = list.toSpliced(from, 1);
  return others.toSpliced(to, 0, ...list.slice(from, from + 1));
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
