/** Where everyone sits: on the far side of a table whose near side is the user's. Pure. */

export interface SeatPosition {
  /** In per cent of the scene's width and height. */
  readonly x: number;
  readonly y: number;
}

/** The table's edge as an ellipse, in per cent of the scene. */
const CENTRE = { x: 50, y: 60 };
const RADIUS = { x: 38, y: 34 };

/** Places from left to right, spread over the far side. */
export function seats(count: number): SeatPosition[] {
  // Two sit closer together than eight: people who talk do not sit at opposite ends.
  const spread = Math.min(200, 56 + count * 28);
  return Array.from({ length: count }, (_, index) => {
    const share = count === 1 ? 0.5 : index / (count - 1);
    const angle = ((-90 - spread / 2 + share * spread) * Math.PI) / 180;
    return { x: CENTRE.x + RADIUS.x * Math.cos(angle), y: CENTRE.y + RADIUS.y * Math.sin(angle) };
  });
}
