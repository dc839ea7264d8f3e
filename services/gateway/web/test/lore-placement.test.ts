import { describe, expect, it } from "vitest";

import { type Book, NEW_ENTRY, entriesOf, withEntry } from "../src/lore/lorebook";
import { type Place, hasOwnPlacement, numberIn, placementOf } from "../src/lore/placement";

/** Save the only entry of a book as the form does, with a changed placement, and return its fields. */
function saved(book: Book, part: object): unknown {
  const [entry] = entriesOf(book);
  if (!entry) throw new Error("the book has no entry");
  const changed = withEntry(book, entry.place, { ...entry, placement: { ...entry.placement, ...part } });
  return Object.values(changed["entries"] as object)[0];
}

const worldInfo = (entry: object): Book => ({ entries: { "0": { key: ["a"], content: "b", ...entry } } });
const characterBook = (entry: object): Book => ({ entries: [{ keys: ["a"], content: "b", ...entry }] });

it.each<[object, Place, number, number]>([
  [{}, "before", 4, 100],
  [{ position: 0, order: 7 }, "before", 4, 7],
  [{ position: 1, insertion_order: 7, order: 8 }, "after", 4, 7],
  [{ position: 4, depth: 2, order: -3 }, "depth", 2, -3],
  [{ position: 4, depth: 0 }, "depth", 0, 100],
  [{ position: 2, depth: 9 }, "depth", 4, 100],
  [{ position: 7 }, "after", 4, 100],
  [{ position: 99 }, "before", 4, 100],
  [{ position: "after_char", insertion_order: 3.9 }, "after", 4, 3],
  [{ position: "after_char", extensions: { position: 4, depth: 6 } }, "depth", 6, 100],
  [{ position: "before_char", depth: 1, extensions: { position: 4, depth: 6 } }, "depth", 1, 100],
  [{ position: 4, depth: -5, order: 1e9 }, "depth", 0, 1_000_000],
  [{ position: 4, depth: null, order: "5", extensions: null }, "depth", 4, 100],
])("reads the placement of %j", (entry, place, depth, order) => {
  expect(placementOf(entry as Readonly<Record<string, unknown>>)).toEqual({ place, depth, order });
});

describe.each([
  ["world info", worldInfo],
  ["a character's book", characterBook],
])("an entry of %s", (_, book) => {
  it.each([
    { place: "before" as const, depth: 4, order: 5 },
    { place: "after" as const, depth: 4, order: 100 },
    { place: "depth" as const, depth: 0, order: 1 },
  ])("gets the placement %j", (placement) => {
    for (const before of [{}, { position: 1 }, { extensions: { position: 4, depth: 9 } }, { depth: 3, order: 2, insertion_order: 6 }]) {
      const [entry] = entriesOf({ entries: [saved(book(before), placement)] });
      expect(entry?.placement).toMatchObject(placement.place === "depth" ? placement : { ...placement, depth: expect.any(Number) });
    }
  });

  it.each([2, 3, 5, 6, 7, 99])("keeps the place %i, which only SillyTavern knows", (position) => {
    const before = book === worldInfo ? { position, order: 5 } : { extensions: { position, depth: 1 }, insertion_order: 5 };
    expect(saved(book(before), { order: 6 })).toMatchObject({ ...before, ...(book === worldInfo ? { order: 6 } : { insertion_order: 6 }) });
  });

  it("gets no further fields if nothing changes", () => {
    const same = saved(book({ position: 6 }), {});
    expect(same).toMatchObject({ position: 6 });
    expect(same).not.toHaveProperty("depth");
    expect(same).not.toHaveProperty("extensions.position");
  });

  it("is new with a placement", () => {
    const longer = withEntry(book({}), null, { ...NEW_ENTRY, placement: { place: "depth", depth: 2, order: 50 } });
    expect(entriesOf(longer)[1]?.placement).toEqual({ place: "depth", depth: 2, order: 50 });
  });
});

it("writes the names of SillyTavern and of V2 for a place at a depth", () => {
  expect(saved(worldInfo({}), { place: "depth", depth: 2 })).toMatchObject({ position: 4, depth: 2 });
  expect(saved(characterBook({ extensions: { x: 1 } }), { place: "depth", depth: 2 })).toMatchObject({
    position: "after_char",
    extensions: { x: 1, position: 4, depth: 2 },
  });
});

it.each([
  ["@@depth 3\nIt leans.", true],
  ["@@activate\n@@@position after_desc\nIt leans.", true],
  ["@@activate\nIt leans.\n@@depth 3", false],
  ["It leans.", false],
  ["@@depths 3", false],
])("finds the decorators of %j: %j", (content, found) => {
  expect(hasOwnPlacement(content)).toBe(found);
});

it.each([
  ["7", 7],
  [" -7 ", -7],
  ["−7", -7],
  ["+7", 7],
  ["-0", 0],
  ["", null],
  ["7.5", null],
  ["1e3", null],
  ["seven", null],
  ["101", null],
  ["-101", null],
])("reads the number in %j: %j", (text, number) => {
  expect(numberIn(text, -100, 100)).toBe(number);
});
