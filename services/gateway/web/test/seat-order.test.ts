import { describe, expect, it } from "vitest";

import { inOrder, moved, nearest, withSeated } from "../src/talk/seat-order";
import { OPEN, after } from "./page-inputs";

describe("the order of the seats", () => {
  it("changes by moving one character; the others make room", () => {
    expect(moved(["a", "b", "c", "d"], 0, 2)).toEqual(["b", "c", "a", "d"]);
    expect(moved(["a", "b", "c", "d"], 3, 0)).toEqual(["d", "a", "b", "c"]);
    expect(moved(["a", "b"], 1, 1)).toEqual(["a", "b"]);
  });

  it("leaves the characters that are switched off at their places", () => {
    expect(withSeated(["a", "off", "b", "c"], ["c", "a", "b"])).toEqual(["c", "off", "a", "b"]);
    expect(withSeated(["a", "new", "b"], ["b", "a", "gone"])).toEqual(["b", "new", "a"]);
  });

  it("is applied at once; characters that the order does not name come last", () => {
    expect(inOrder([{ id: "a" }, { id: "b" }, { id: "c" }], ["c", "a"]).map(({ id }) => id)).toEqual(["c", "a", "b"]);
    expect(after([{ on: "seated", ids: ["rex", "luna"] }], OPEN).characters.map(({ id }) => id)).toEqual(["rex", "luna"]);
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
