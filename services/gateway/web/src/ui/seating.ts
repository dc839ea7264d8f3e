/**
 * Positions of the characters at the table, for its two shapes: round, and flat on a phone. The user sits on the near
 * side. Pure.
 */

export interface SeatPosition {
  /** Percent of the scene's width and height. */
  readonly x: number;
  readonly y: number;
}

export interface Seating {
  /** Positions clockwise, from the left. */
  readonly seats: readonly SeatPosition[];
  /** How wide a portrait and its place card can be, in percent of the scene. */
  readonly share: number;
}

/** The edge of the round table as an ellipse, in percent of the scene. */
const CENTRE = { x: 50, y: 60 };
const RADIUS = { x: 38, y: 34 };
/** The near side of the table stays free. */
const WIDEST_DEGREES = 280;
/** A flat table has room for so many characters in one row. */
export const ROW_MAX = 5;

const indices = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

/** The fewer characters there are, the closer together they sit: two do not sit at opposite ends of the table. */
export function roundSeating(count: number): Seating {
  const spread = Math.min(WIDEST_DEGREES, 56 + count * 28);
  const step = count === 1 ? 0 : (spread / (count - 1)) * (Math.PI / 180);
  const first = -Math.PI / 2 - (step * (count - 1)) / 2;
  const seats = indices(count).map((index) => ({
    x: CENTRE.x + RADIUS.x * Math.cos(first + index * step),
    y: CENTRE.y + RADIUS.y * Math.sin(first + index * step),
  }));
  // The distance of two neighbours. A card at the side must not reach over the scene's edge.
  const distance = 2 * Math.min(RADIUS.x, RADIUS.y) * Math.sin(step / 2);
  return { seats, share: count === 1 ? 2 * (50 - RADIUS.x) : Math.min(2 * (50 - RADIUS.x), distance) };
}

/** A row in a slight arc. More than `ROW_MAX` characters sit in two rows, each between two of the other row. */
export function flatSeating(count: number): Seating {
  const rows = count > ROW_MAX ? 2 : 1;
  const gap = count === 1 ? 0 : Math.min(32, 80 / (count - 1));
  const seats = indices(count).map((index) => {
    const x = 50 + (index - (count - 1) / 2) * gap;
    const fromCentre = (x - 50) / 40;
    const y = rows === 2 ? 18 + (index % 2) * 29 : 30 + 8 * fromCentre * fromCentre;
    return { x, y };
  });
  return { seats, share: count === 1 ? 60 : Math.min(rows * gap, 2 * (50 - ((count - 1) / 2) * gap)) };
}
