import { describe, expect, it } from "vitest";

import { HUES, TOO_CLOSE, hueOfId, huesOf } from "../src/ui/colours";
import { keptHues, readHues } from "../src/ui/former-hues";
import { People } from "../src/ui/people";
import { dominantHue } from "../src/ui/picture-hue";

/** The middle of a square of 8 pixels. */
const inside = (x: number, y: number) => x > 1 && x < 6 && y > 1 && y < 6;
const plain = (id: string, active = true) => ({ id, active, pictureHue: null });
const pictured = (id: string, pictureHue: number) => ({ id, active: true, pictureHue });
const ids = (count: number) => Array.from({ length: count }, (_, index) => plain(`id-${index}`));
/** The distance of the two hues that are most alike, in degrees. */
const leastApart = (hues: Iterable<number>) => {
  const sorted = [...hues].toSorted((a, b) => a - b);
  return Math.min(...sorted.map((hue, at) => (sorted[at + 1] ?? (sorted[0] ?? 0) + 360) - hue));
};

describe("the colour of a character", () => {
  it("is the one of its picture", () => {
    const hues = huesOf([pictured("luna", 285), pictured("rex", 55), plain("new")]);
    expect([hues.get("luna"), hues.get("rex")]).toEqual([285, 55]);
  });

  it("is its own as long as there are enough colours, in any order of the characters", () => {
    const hues = huesOf(ids(12));
    expect(leastApart(hues.values())).toBeGreaterThanOrEqual(TOO_CLOSE);
    expect(new Map(huesOf(ids(12).toReversed()))).toEqual(hues);
    expect(new Set(huesOf(ids(40)).values()).size).toBe(40);
  });

  it.each([
    [[285, 55, 148]],
    [[16, 46, 76]],
    [[256, 76, 196, 226]],
  ])("is its own among twelve, of which some have pictures of the hues %j", (pictures) => {
    const table = ids(12).map(({ id }, at) => ({ id, active: true, pictureHue: pictures[at] ?? null }));
    expect(leastApart(huesOf(table).values())).toBeGreaterThanOrEqual(TOO_CLOSE);
  });

  it("stays when others come, also if they have the same by their ids, and when others go", () => {
    let hues = huesOf([]);
    const before = new Map<string, number>();
    for (const [at, each] of ids(HUES.length).toReversed().entries()) {
      hues = huesOf(ids(HUES.length).toReversed().slice(0, at + 1), hues);
      before.set(each.id, hues.get(each.id) ?? -1);
    }
    expect(new Map(hues)).toEqual(before);
    expect(huesOf([plain("id-3")], hues).get("id-3")).toBe(before.get("id-3"));
  });

  it("changes if it was the same as another's, or if the picture of another has it", () => {
    const alike = huesOf([plain("a"), plain("b")], new Map([["a", 62], ["b", 62]]));
    expect(leastApart(alike.values())).toBeGreaterThanOrEqual(TOO_CLOSE);
    const hues = huesOf([plain("a"), pictured("b", 70)], new Map([["a", 62]]));
    expect(hues.get("b")).toBe(70);
    expect(leastApart(hues.values())).toBeGreaterThanOrEqual(TOO_CLOSE);
  });

  it("is not taken by characters that are not at the table", () => {
    const away = ids(40).map(({ id }) => plain(`away-${id}`, false));
    const hues = huesOf([...away, ...ids(12)], huesOf(away));
    expect(leastApart(ids(12).map(({ id }) => hues.get(id) ?? 0))).toBeGreaterThanOrEqual(TOO_CLOSE);
  });
});

describe("the colour of a character that was removed", () => {
  const luna = { id: "luna", name: "Luna", voice: "", image: "luna.png", active: true };

  it("is the one that it had", () => {
    const wanted = (hueOfId("luna") + 40) % 360;
    const before = new People([luna], new Map([["luna.png", wanted]]));
    const after = new People([], new Map(), keptHues(new Map(), before.hues()));
    expect(after.look("luna")).toEqual({ image: "", style: `--hue:${wanted}` });
  });

  it("is not kept before its picture is measured", () => {
    expect(new People([luna], new Map()).hues().size).toBe(0);
    expect(new People([{ ...luna, image: "" }], new Map()).hues().size).toBe(1);
  });

  it("is kept for the last 200 characters, and the present ones count as the last", () => {
    const many = new Map(Array.from({ length: 200 }, (_, at) => [`id-${at}`, at]));
    const kept = keptHues(many, new Map([["id-0", 7], ["new", 8]]));
    expect([kept.size, kept.get("id-0"), kept.get("new"), kept.has("id-1"), kept.has("id-2")]).toEqual([200, 7, 8, false, true]);
  });

  it.each([null, "", "null", "[]", "{", '{"a":"12","b":360,"c":-1}'])("is not read from %j", (stored) => {
    expect(readHues(stored).size).toBe(0);
  });

  it("is read as it was stored", () => {
    expect([...readHues('{"a":12,"b":"x"}')]).toEqual([["a", 12]]);
  });
});

describe("the colour of a picture", () => {
  const SIDE = 8;
  const painted = (paint: (x: number, y: number) => readonly [number, number, number]) =>
    Array.from({ length: SIDE * SIDE }, (_, at) => [...paint(at % SIDE, Math.floor(at / SIDE)), 255]).flat();

  it.each([
    ["red", [255, 0, 0], 29],
    ["green", [0, 255, 0], 142],
    ["blue", [0, 0, 255], 264],
  ] as const)("of %s is its hue in OKLCH", (_, rgb, hue) => {
    expect(dominantHue(painted(() => rgb), SIDE)).toBe(hue);
  });

  it("is the one of the background, not of the face in the middle", () => {
    expect(dominantHue(painted((x, y) => (inside(x, y) ? [220, 170, 140] : [0, 0, 255])), SIDE)).toBe(264);
  });

  it("does not exist for a grey picture, or an empty one", () => {
    expect(dominantHue(painted(() => [90, 92, 90]), SIDE)).toBeNull();
    expect(dominantHue(new Uint8ClampedArray(SIDE * SIDE * 4), SIDE)).toBeNull();
  });
});
