/** Positions of the characters on the far side of the table; the user sits on the near side. Pure. */

export interface SeatPosition {
  /** Percent of the scene's width and height. */
  readonly x: number;
  readonly y: number;
}

/** The table's edge as an ellipse, in percent of the scene. */
const CENTRE = { x: 50, y: 60 };
const RADIUS = { x: 38, y: 34 };

/** Positions from left to right. */
export function seats(count: number): SeatPosition[] {
  // The fewer characters there are, the closer together they sit: two characters do not sit at opposite ends of the
  // table.
  const spread = Math.min(200, 56 + count * 28);
  return Array.from({ length: count }, (_, index) => {
    const share = count === 1 ? 0.5 : index / (count - 1);
    const angle = ((-90 - spread / 2 + share * spread) * Math.PI) / 180;
    return { x: CENTRE.x + RADIUS.x * Math.cos(angle), y: CENTRE.y + RADIUS.y * Math.sin(angle) };
  });
}
