import { describe, expect, it } from "vitest";

import { withLore, withMetrics } from "../src/inside/traces";
import { USUAL_PLACEMENT } from "../src/lore/placement";
import { NEW_ENTRY, entriesOf, keysIn, withEntry, withoutEntry } from "../src/lore/lorebook";

const WORLD_INFO = {
  originalData: 1,
  entries: {
    "0": { uid: 0, key: ["tower"], comment: "The tower", content: "It leans.", disable: true, sticky: 2 },
    "7": { uid: 9, key: ["bell"], content: "It rings.", constant: true },
  },
};
const CHARACTER_BOOK = {
  extensions: { x: 1 },
  entries: [
    { keys: ["tower"], name: "The tower", content: "It leans.", enabled: false, extensions: { sticky: 2 } },
    { keys: ["bell"], content: "It rings.", enabled: true, constant: true },
  ],
};

describe.each([
  ["world info", WORLD_INFO],
  ["a character's book", CHARACTER_BOOK],
])("a lorebook as %s", (_, book) => {
  it("has entries", () => {
    expect(entriesOf(book).map(({ place: _place, ...entry }) => entry)).toEqual([
      { name: "The tower", keys: ["tower"], content: "It leans.", constant: false, enabled: false, placement: USUAL_PLACEMENT },
      { name: "", keys: ["bell"], content: "It rings.", constant: true, enabled: true, placement: USUAL_PLACEMENT },
    ]);
  });

  it("keeps everything else when an entry changes", () => {
    const [tower] = entriesOf(book);
    if (!tower) throw new Error("the book has no entry");
    const changed = withEntry(book, tower.place, { ...tower, enabled: true, keys: ["tower", "spire"] });
    expect(entriesOf(changed)[0]).toEqual({ ...tower, enabled: true, keys: ["tower", "spire"] });
    expect(entriesOf(changed)[1]).toEqual(entriesOf(book)[1]);
    const before = JSON.stringify(book);
    expect(JSON.stringify(changed)).toContain('"sticky":2');
    expect(JSON.stringify(changed)).toContain(before.includes("originalData") ? '"originalData":1' : '"x":1');
  });

  it("gets a new entry at its end, and loses one", () => {
    const longer = withEntry(book, null, { ...NEW_ENTRY, name: "Moon", keys: ["moon"], content: "It is full." });
    expect(entriesOf(longer).map(({ name }) => name)).toEqual(["The tower", "", "Moon"]);
    const [first, , last] = entriesOf(longer);
    expect(entriesOf(withoutEntry(longer, first?.place ?? "")).map(({ name }) => name)).toEqual(["", "Moon"]);
    expect(entriesOf(withoutEntry(longer, last?.place ?? ""))).toEqual(entriesOf(book));
  });
});

it.each([
  ["world info", { entries: { "0": { key: "tower, bell", content: 5, name: "Towers" } } }],
  ["a character's book", { entries: [{ keys: "tower, bell", content: 5, name: "Towers" }] }],
])("changes only the switch of an unusual entry in %s", (_, book) => {
  const [entry] = entriesOf(book);
  expect(entry?.keys).toEqual(["tower", "bell"]);
  const off = withEntry(book, "0", { enabled: false });
  expect(entriesOf(off)[0]).toEqual({ ...entry, enabled: false });
  expect(Object.values(off["entries"] as object)[0]).toMatchObject(Object.values(book.entries)[0] as object);
});

it.each([
  ["world info", { entries: { "0": { keys: ["a"], content: "", enabled: false } } }],
  ["a character's book", { entries: [{ key: ["a"], content: "", disable: true }] }],
])("changes the fields of the other format where an entry in %s has them", (_, book) => {
  const [changed] = entriesOf(withEntry(book, "0", { keys: ["b"], enabled: true }));
  expect(changed).toMatchObject({ keys: ["b"], enabled: true });
});

it("gives a new entry of world info a number that no other has", () => {
  const book = withEntry(WORLD_INFO, null, NEW_ENTRY);
  expect(Object.keys(book["entries"] as object)).toEqual(["0", "7", "10"]);
});

it.each([null, 3, "x", [], {}, { entries: null }, { entries: [null, 3] }])("reads a damaged lorebook: %j", (book) => {
  for (const entry of entriesOf({ ...(book as object) })) expect(entry).toMatchObject({ ...NEW_ENTRY });
});

it("reads one key from each line", () => {
  expect(keysIn(" tower \n\nold tower\ntower\n/a{1,2}/")).toEqual(["tower", "old tower", "/a{1,2}/"]);
});

it("shows the entries of a turn's prompts in its trace", () => {
  const reply = { kind: "reply", id: "m", turnId: "t", reason: "named", text: "" };
  const lore = withLore(withLore(new Map(), "other", { used: [], leftOut: [] }), "m", { used: ["Tower"], leftOut: ["Moon"] });
  const [trace] = withMetrics([], [reply] as never, "t", {}, null, lore);
  expect([...(trace?.lore ?? [])]).toEqual([["m", { used: ["Tower"], leftOut: ["Moon"] }]]);
  let many: ReturnType<typeof withLore> = new Map();
  for (let index = 0; index < 500; index += 1) many = withLore(many, `m${index}`, { used: [], leftOut: [] });
  expect(many.size).toBe(200);
  expect(many.has("m499")).toBe(true);
});
