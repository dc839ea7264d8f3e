import { describe, expect, it } from "vitest";

import { type Room, boxesOf, overlap, seating } from "../src/ui/seating";

const COUNTS = Array.from({ length: 12 }, (_, index) => index + 1);
/** Scenes of phones, tablets and desktops, in rem. */
const ROOMS: readonly Room[] = [
  { width: 20, height: 12 },
  { width: 21.5, height: 16 },
  { width: 24.4, height: 13 },
  { width: 18.5, height: 15 },
  { width: 22, height: 14 },
  { width: 48, height: 16 },
  { width: 57, height: 16 },
  { width: 29, height: 33 },
  { width: 35, height: 26 },
  { width: 36, height: 33 },
  { width: 54, height: 50 },
  { width: 72, height: 72 },
  { width: 74, height: 50 },
];

describe("the seats", () => {
  describe.each(ROOMS)("in a scene of $width × $height rem", (room) => {
    it.each(COUNTS)("of %i characters overlap neither each other nor the status line", (count) => {
      const found = seating(count, room);
      const boxes = found.seats.map((seat) => boxesOf(found, seat));
      expect(found.seats).toHaveLength(count);
      for (const [index, seat] of boxes.entries()) {
        for (const box of seat) {
          expect(box.left).toBeGreaterThanOrEqual(0);
          expect(box.right).toBeLessThanOrEqual(room.width);
          expect(box.top).toBeGreaterThanOrEqual(0);
          expect(box.bottom).toBeLessThanOrEqual(room.height);
          expect(overlap(box, found.text)).toBe(false);
          const others = boxes.slice(index + 1).flat();
          expect(others.filter((other) => overlap(box, other))).toEqual([]);
        }
      }
      expect(found.text.right - found.text.left).toBeGreaterThanOrEqual(9);
    });
  });

  it("go round the table from the left in an almost square scene", () => {
    const { shape, seats } = seating(5, { width: 36, height: 33 });
    expect(shape).toBe("round");
    const angles = seats.map(({ x, y }) => Math.atan2(x - 18, 19 - y));
    expect(angles).toEqual(angles.toSorted((a, b) => a - b));
  });

  it("are in one row in a wide scene", () => {
    const { shape, seats } = seating(3, { width: 24.4, height: 13 });
    expect(shape).toBe("flat");
    expect(seats.map(({ x }) => x)).toEqual(seats.map(({ x }) => x).toSorted((a, b) => a - b));
  });

  it("exist also in a scene that has no room for them", () => {
    expect(seating(12, { width: 5, height: 2 }).seats).toHaveLength(12);
  });
});
