/** The colour of a picture, so that a character's name has the colour of its portrait. */

import { useEffect, useState } from "preact/hooks";

import type { Participant } from "../wire/events";

const SIDE = 16;
const BINS = 24;
/** Pictures with less colour than this (mean chroma in OKLab) count as grey. */
const CHROMA_MIN = 0.02;

/**
 * The most frequent hue, in OKLCH degrees; null for a grey picture. The edge of the picture counts more than its middle,
 * because faces have similar colours.
 *
 * @param pixels RGBA of a square of `side` × `side` pixels
 */
export function dominantHue(pixels: ArrayLike<number>, side: number): number | null {
  const bins = Array.from({ length: BINS }, () => ({ a: 0, b: 0, weight: 0 }));
  let [chromas, weights] = [0, 0];
  for (let at = 0; at < side * side; at += 1) {
    const [x, y] = [at % side, Math.floor(at / side)];
    const fromEdge = Math.min(x, y, side - 1 - x, side - 1 - y) / (side / 2);
    const weight = ((pixels[at * 4 + 3] ?? 0) / 255) * (1.2 - fromEdge);
    const { a, b } = oklab(pixels[at * 4] ?? 0, pixels[at * 4 + 1] ?? 0, pixels[at * 4 + 2] ?? 0);
    const chroma = Math.hypot(a, b);
    chromas += weight * chroma;
    weights += weight;
    const bin = bins[Math.floor((degrees(a, b) / 360) * BINS) % BINS];
    if (!bin) continue;
    bin.a += weight * a;
    bin.b += weight * b;
    bin.weight += weight * chroma;
  }
  if (weights === 0 || chromas / weights < CHROMA_MIN) return null;
  const { a, b } = bins.reduce((best, bin) => (bin.weight > best.weight ? bin : best));
  return Math.round(degrees(a, b)) % 360;
}

const degrees = (a: number, b: number): number => ((Math.atan2(b, a) * 180) / Math.PI + 360) % 360;

/** The colour axes of OKLab (Björn Ottosson, "A perceptual color space for image processing", 2020). */
function oklab(red: number, green: number, blue: number): { a: number; b: number } {
  const [r, g, bl] = [linear(red), linear(green), linear(blue)];
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * bl);
  const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * bl);
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * bl);
  return {
    a: 1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    b: 0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
  };
}

function linear(value: number): number {
  const share = value / 255;
  return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
}

async function hueOf(image: string): Promise<number | null> {
  const picture = new Image(SIDE, SIDE);
  picture.src = image;
  await picture.decode();
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = SIDE;
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context?.drawImage(picture, 0, 0, SIDE, SIDE);
  const pixels = context?.getImageData(0, 0, SIDE, SIDE).data;
  return pixels ? dominantHue(pixels, SIDE) : null;
}

export type PictureHues = ReadonlyMap<string, number | null>;

/** The hues of the characters' pictures, by picture. A picture that is not measured yet is missing. */
export function usePictureHues(characters: readonly Participant[]): PictureHues {
  const [hues, setHues] = useState<PictureHues>(new Map());
  useEffect(() => {
    const unknown = characters.map(({ image }) => image).filter((image) => image !== "" && !hues.has(image));
    if (unknown.length === 0) return undefined;
    let gone = false;
    const measure = async (image: string) => [image, await hueOf(image).catch(() => null)] as const;
    void Promise.all([...new Set(unknown)].map(measure)).then((found) => {
      if (!gone) setHues((known) => new Map([...known, ...found]));
    });
    return () => {
      gone = true;
    };
  }, [characters]);
  return hues;
}
