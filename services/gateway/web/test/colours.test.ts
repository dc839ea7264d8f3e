import { describe, expect, it } from "vitest";

import { HUES, hueOfId, huesOf } from "../src/ui/colours";
import { keptHues, readHues } from "../src/ui/former-hues";
import { People } from "../src/ui/people";
import { dominantHue } from "../src/ui/picture-hue";

/** The middle of a square of 8 pixels. */
const inside = (x: number, y: number) => x > 1 && x < 6 && y > 1 && y < 6;
const plain = (id: string) => ({ id, pictureHue: null });
const ids = (count: number) => Array.from({ length: count }, (_, index) => plain(`id-${index}`));

describe("the colour of a character", () => {
  it("is the one of its picture", () => {
    const hues = huesOf([{ id: "luna", pictureHue: 285 }, { id: "rex", pictureHue: 55 }, plain("new")]);
    expect([hues.get("luna"), hues.get("rex")]).toEqual([285, 55]);
  });

  it("stays when others come and go, unless they have the same", () => {
    const other = ["a", "b", "c", "d"].find((id) => hueOfId(id) !== hueOfId("x")) ?? "";
    expect(huesOf([plain("x")]).get("x")).toBe(huesOf([plain(other), plain("x")]).get("x"));
  });

  it("is its own as long as there are enough colours, in any order of the characters", () => {
    const hues = huesOf(ids(HUES.length));
    expect(new Set(hues.values()).size).toBe(HUES.length);
    expect(new Map(huesOf(ids(HUES.length).toReversed()))).toEqual(hues);
    expect(huesOf(ids(12)).size).toBe(12);
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
