import { describe, expect, it } from "vitest";

import { moved, nearest } from "../src/talk/seat-order";

describe("the order of the seats", () => {
  it("changes by moving one character; the others make room", () => {
    expect(moved(["a", "b", "c", "d"], 0, 2)).toEqual(["b", "c", "a", "d"]);
    expect(moved(["a", "b", "c", "d"], 3, 0)).toEqual(["d", "a", "b", "c"]);
    expect(moved(["a", "b"], 1, 1)).toEqual(["a", "b"]);
  });

  it("takes the seat that is nearest to the pointer", () => {
    const seats = [
      { x: 0, y: 0 },
      { x: 10, y: 0 },
      { x: 10, y: 10 },
    ];
    expect(nearest(seats, { x: 6, y: 1 })).toBe(1);
    expect(nearest(seats, { x: 50, y: 50 })).toBe(2);
    expect(nearest([], { x: 1, y: 1 })).toBe(0);
  });
});
